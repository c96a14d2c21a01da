import { MtlsPopError } from "../errors.js";
import { shareSignal } from "../internal/shared-signal.js";
import { readHeaders } from "./caller-headers.js";
import { isStreaming, type OutgoingBody, type PendingBody, readBody, readRequestBody } from "./request-body.js";
import { assertModes, withCacheHeaders } from "./request-modes.js";

/** Methods that `fetch` does not send either. */
const FORBIDDEN_METHODS = new Set(["CONNECT", "TRACE", "TRACK"]);
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What other clients take beside `fetch`'s own options: to ignore it would do less than the caller thinks. */
const REFUSED_INIT = {
  agent: "Connections belong to the client; set `transport` and `maxConnectionsPerOrigin` where it is made.",
  dispatcher: "Connections belong to the client; set `transport` and `maxConnectionsPerOrigin` where it is made.",
  timeout: "Use `signal: AbortSignal.timeout(ms)`, or `transport` where the client is made.",
} as const;
const REDIRECT_MODES: ReadonlySet<unknown> = new Set(["follow", "error", "manual"]);

/** What `fetch` was asked for, checked and without anything that can change any more. */
export interface FetchCall {
  readonly url: URL;
  readonly method: string;
  /** The caller's headers by lower-case name. */
  readonly headers: ReadonlyMap<string, string> | undefined;
  readonly body: OutgoingBody | PendingBody | undefined;
  readonly redirect: "follow" | "error" | "manual";
  /** Whether the answer's content encodings are taken off. */
  readonly decode: boolean;
  readonly signal: AbortSignal | undefined;
}

type Input = string | URL | Request;

/**
 * The absolute URL of a fetch's input.
 *
 * @throws {MtlsPopError} `invalid_options`, `insecure_url`
 */
export function absoluteUrl(input: Input): URL {
  const url = parseUrl(hrefOf(input));
  if (!url) {
    throw new MtlsPopError("invalid_options", "The URL is not absolute, so it names no resource.", {
      help: "Begin it with https:// and the host; a path alone is for a named client, which has a baseUrl.",
    });
  }
  return assertHttps(url);
}

/** `URL.parse`, which Node has from 22.1 on: unlike `canParse` beforehand it reads the text once. */
export function parseUrl(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** The text of a fetch's input. @throws {MtlsPopError} `invalid_options` */
export function hrefOf(input: Input): string {
  if (typeof input === "string") return input;
  if (input instanceof URL) return input.href;
  if (isRequest(input)) return input.url;
  throw new MtlsPopError("invalid_options", "`fetch` takes a string, a URL or a Request.");
}

/** @throws {MtlsPopError} `insecure_url`; `invalid_options` for credentials in the URL, which `fetch` refuses as well */
function assertHttps(url: URL): URL {
  if (url.protocol !== "https:") {
    throw new MtlsPopError("insecure_url", `A bound token goes over https only, but the URL begins with "${url.protocol}".`, {
      help: "Use the resource's https URL.",
    });
  }
  if (url.username || url.password) {
    throw new MtlsPopError("invalid_options", `The URL for ${url.host} has a user name or password in it.`, { help: "Leave them out." });
  }
  return url;
}

/**
 * Reads the rest of a fetch's input. What `init` does not say is taken from a Request.
 *
 * @throws {MtlsPopError} `invalid_options`, `authorization_header_refused`
 */
export function readCall(url: URL, input: Input, init: RequestInit | undefined): FetchCall {
  const request = typeof input === "string" || input instanceof URL ? undefined : input;
  if (init) assertInit(init);
  else if (!request)
    return { url, method: "GET", headers: undefined, body: undefined, redirect: "follow", decode: true, signal: undefined };
  const method = readMethod(init?.method ?? request?.method ?? "GET");
  const headers = init?.headers ?? request?.headers;
  const redirect = init?.redirect ?? request?.redirect ?? "follow";
  assertModes(init, request);
  if (!REDIRECT_MODES.has(redirect)) throw new MtlsPopError("invalid_options", '`redirect` must be "follow", "error" or "manual".');
  const signal = init?.signal === null ? undefined : (init?.signal ?? request?.signal);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new MtlsPopError("invalid_options", "`signal` must be an AbortSignal.");
  shareSignal(signal);
  return {
    url,
    method,
    headers: withCacheHeaders(headers === undefined ? undefined : readHeaders("The request's `headers`", headers), init, request),
    redirect,
    decode: true,
    signal,
    // last, since it may begin to read
    body: readCallBody(method, init, request),
  };
}

function assertInit(init: RequestInit): void {
  if (typeof init !== "object") throw new MtlsPopError("invalid_options", "`fetch` takes its options as an object.");
  for (const [name, help] of Object.entries(REFUSED_INIT)) {
    if (Reflect.get(init, name) === undefined) continue;
    throw new MtlsPopError("invalid_options", `\`${name}\` is not an option of this \`fetch\`.`, { help });
  }
}

function readCallBody(method: string, init: RequestInit | undefined, request: Request | undefined): FetchCall["body"] {
  const body = init?.body ?? request?.body ?? undefined;
  if (body === undefined) return undefined;
  if (method === "GET" || method === "HEAD") throw new MtlsPopError("invalid_options", `A ${method} request has no body.`);
  if (request?.body && body === request.body) return readRequestBody(request.body);
  if (isStreaming(body) && init?.duplex !== "half") {
    throw new MtlsPopError("invalid_options", 'A body that is a stream needs `duplex: "half"`, as in Node\'s fetch.');
  }
  return readBody(body);
}

/** The method in upper case. @throws {MtlsPopError} `invalid_options` */
export function readMethod(method: string): string {
  // of every method, since Node's HTTP client writes it so
  const upper = String(method).toUpperCase();
  if (!TOKEN.test(upper)) throw new MtlsPopError("invalid_options", "`method` must be an HTTP method.");
  if (FORBIDDEN_METHODS.has(upper)) throw new MtlsPopError("invalid_options", `A bound call does not send ${upper}.`);
  return upper;
}

function isRequest(input: unknown): input is Request {
  return typeof input === "object" && input !== null && typeof Reflect.get(input, "url") === "string" && "headers" in input;
}
