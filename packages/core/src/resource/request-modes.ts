import { MtlsPopError } from "../errors.js";

/** What each cache mode adds to a request, for the caches on its way: there is none here. */
const CACHE_HEADERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  default: {},
  "force-cache": {},
  "no-cache": { "cache-control": "max-age=0" },
  "no-store": { pragma: "no-cache", "cache-control": "no-cache" },
  reload: { pragma: "no-cache", "cache-control": "no-cache" },
};

interface Mode {
  readonly name: string;
  readonly takes: (value: unknown) => boolean;
  readonly message: string;
  readonly help: string;
}

/** Options of `fetch` that may ask for what a bound call does not do. Those that have no meaning without a page are not among them. */
const MODES: readonly Mode[] = [
  {
    name: "integrity",
    takes: (value) => value === "",
    message: "`integrity` is not checked by this `fetch`.",
    help: "Leave it out, and compare the digest of the body yourself.",
  },
  {
    name: "credentials",
    takes: (value) => value === "same-origin" || value === "include",
    message: "A bound call shows its token and its certificate, whatever `credentials` says.",
    help: "Leave it out, or use the global fetch; cookies are neither kept nor sent.",
  },
  {
    name: "cache",
    takes: (value) => Object.hasOwn(CACHE_HEADERS, String(value)),
    message: "There is no cache here that `cache` could ask to answer.",
    help: `Use one of ${Object.keys(CACHE_HEADERS).join(", ")}, which tell the caches on the way.`,
  },
  { name: "duplex", takes: (value) => value === "half", message: '`duplex` must be "half".', help: "No other way is in the standard yet." },
  { name: "window", takes: (value) => value === null, message: "`window` can only be null.", help: "Leave it out." },
];

/**
 * Refuses an option that asks for what is not done, in place of doing something else.
 *
 * @throws {MtlsPopError} `invalid_options`
 */
export function assertModes(init: RequestInit | undefined, request: Request | undefined): void {
  for (const { name, takes, message, help } of MODES) {
    const value = modeOf(name, init, request);
    if (value !== undefined && !takes(value)) throw new MtlsPopError("invalid_options", message, { help });
  }
}

/**
 * Adds what the cache mode tells the caches on the way; the caller's own headers stand.
 *
 * @see https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
 */
export function withCacheHeaders(
  headers: ReadonlyMap<string, string> | undefined,
  init: RequestInit | undefined,
  request: Request | undefined,
): ReadonlyMap<string, string> | undefined {
  const mode = modeOf("cache", init, request);
  if (mode === undefined) return headers;
  const added = Object.entries(CACHE_HEADERS[String(mode)] ?? {});
  return added.length === 0 ? headers : new Map([...added, ...(headers ?? [])]);
}

function modeOf(name: string, init: RequestInit | undefined, request: Request | undefined): unknown {
  const own: unknown = init && Reflect.get(init, name);
  return own === undefined && request ? Reflect.get(request, name) : own;
}
