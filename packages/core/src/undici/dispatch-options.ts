import { type ParsedUrlQueryInput, stringify } from "node:querystring";
import { MtlsPopError } from "../errors.js";
import { absoluteUrl, type FetchCall, readMethod } from "../resource/request-input.js";
import { readDispatchBody } from "./dispatch-body.js";
import { readDispatchHeaders } from "./dispatch-headers.js";

/**
 * What is dispatched, as undici's `request`, `stream`, `pipeline` and `fetch` do. What else these hand on is theirs, or a hint on how to use a
 * connection (`idempotent`, `blocking`, `reset`, `expectContinue`, `typeOfService`), which is the client's to decide.
 */
export interface PopDispatchOptions {
  /** Scheme, host and port of a resource that is configured or known. */
  origin?: string | URL;
  /** Begins with a slash. */
  path: string;
  method: string;
  /** @default none */
  body?: unknown;
  /** Without `Authorization`. @default none */
  headers?: unknown;
  /** Put behind the path, which then has no query of its own, as `node:querystring` writes it. @default none */
  query?: ParsedUrlQueryInput | null;
  /** Milliseconds until the answer's head, the token's acquisition with it; counts where it is shorter than `transport`'s. */
  headersTimeout?: number | null;
  /** Milliseconds that the answer's body may pause; counts where it is shorter than `transport`'s. */
  bodyTimeout?: number | null;
}

/** What undici knows and this dispatcher does not do: to ignore it would do something else than the caller thinks. */
const REFUSED = {
  upgrade: "Calls with a bound token are HTTP requests; there is no WebSocket and no tunnel.",
  maxRedirections: "Use undici's redirect interceptor, or follow the answer's Location yourself.",
  throwOnError: "Look at the answer's status.",
  servername: "The connection is made to the origin's host.",
} as const;

/** Path and query as they may stand in a request (RFC 9112 section 3.2). */
const PATH = /^\/[\x21-\x7e\x80-\xff]*$/;

/** A dispatch that was read; {@link FetchCall} but for its signal. */
export interface ReadDispatch extends Omit<FetchCall, "signal"> {
  /** In milliseconds; `undefined` leaves them to `transport`. */
  readonly headersTimeoutMs: number | undefined;
  readonly bodyTimeoutMs: number | undefined;
}

/**
 * The URL of a dispatch.
 *
 * @throws {MtlsPopError} `invalid_options`, `insecure_url`
 */
export function dispatchUrl(options: PopDispatchOptions): URL {
  if (typeof options !== "object" || options === null)
    throw new MtlsPopError("invalid_options", "A dispatch takes its options as an object.");
  const { origin, path, query } = options;
  if (origin === undefined || origin === null) {
    throw new MtlsPopError("invalid_options", "The dispatch has no `origin`, so it names no resource.", { help: "Pass the absolute URL." });
  }
  const base = absoluteUrl(origin);
  if (base.pathname !== "/" || base.search || base.hash) {
    throw new MtlsPopError("invalid_options", "The dispatch's `origin` has more than scheme, host and port.", {
      help: "Put the rest into `path`.",
    });
  }
  if (typeof path !== "string" || !PATH.test(path)) {
    throw new MtlsPopError("invalid_options", "The dispatch's `path` must begin with a slash, and have no blanks or control characters.");
  }
  if (!query) return new URL(`${base.origin}${path}`);
  if (/[?#]/.test(path)) throw new MtlsPopError("invalid_options", "The dispatch has a `query`, and its `path` has one too.");
  return new URL(`${base.origin}${path}?${stringify(query)}`);
}

/**
 * Reads the rest of a dispatch.
 *
 * @throws {MtlsPopError} `authorization_header_refused`, `invalid_options`
 */
export function readDispatch(options: PopDispatchOptions, url: URL): ReadDispatch {
  for (const [name, help] of Object.entries(REFUSED)) {
    if (!Reflect.get(options, name)) continue;
    throw new MtlsPopError("invalid_options", `The dispatch has \`${name}\`, which this dispatcher does not do.`, { help });
  }
  if (typeof options.method !== "string") throw new MtlsPopError("invalid_options", "The dispatch has no `method`.");
  const { headers, length } = readDispatchHeaders(options.headers, url.host);
  return {
    url,
    method: readMethod(options.method),
    headers,
    redirect: "manual",
    decode: false,
    headersTimeoutMs: readTimeout("headersTimeout", options.headersTimeout),
    bodyTimeoutMs: readTimeout("bodyTimeout", options.bodyTimeout),
    // last, since it may begin to read
    body: readDispatchBody(options.body, length),
  };
}

/** 0 stands for none, which a bound call does not have. */
function readTimeout(name: string, value: number | null | undefined): number | undefined {
  if (value === undefined || value === null || value === 0) return undefined;
  if (Number.isFinite(value) && value > 0) return value;
  throw new MtlsPopError("invalid_options", `The dispatch's \`${name}\` must be a number of milliseconds.`);
}
