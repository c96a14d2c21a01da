import { MtlsPopError } from "../errors.js";
import type { FetchCall } from "./request-input.js";

/** As `fetch` has it. */
const MAX_REDIRECTS = 20;

const REDIRECT_STATUS = new Set([301, 302, 303, 307, 308]);
/** Headers that describe a body, dropped with it. */
const BODY_HEADERS = ["content-encoding", "content-language", "content-location", "content-type"];

/** Whether an answer asks to go elsewhere. */
export function isRedirect(status: number, location: string | undefined): location is string {
  return location !== undefined && REDIRECT_STATUS.has(status);
}

/** A redirect, and where the call may go. */
export interface Redirect {
  readonly status: number;
  readonly location: string;
  /** Which of the call's it is, from 1. */
  readonly count: number;
  /** Whether a URL of the same origin belongs to the resource. */
  readonly owns: (url: URL) => boolean;
}

/**
 * The next request after a redirect, by the rules of `fetch`; another origin and another resource are not followed, since they would be handed
 * the token.
 *
 * @throws {MtlsPopError} `redirect_refused`
 * @see https://fetch.spec.whatwg.org/#http-redirect-fetch
 */
export function nextCall(call: FetchCall, { status, location, count, owns }: Redirect): FetchCall {
  const { origin } = call.url;
  if (count > MAX_REDIRECTS) throw refused(status, `${origin} redirected more than ${MAX_REDIRECTS} times.`);
  const next = followed(call, status, location);
  if (!owns(next.url)) throw refused(status, `${origin} redirects to a path of another resource, which this token is not for.`);
  return next;
}

function followed(call: FetchCall, status: number, location: string): FetchCall {
  const { method } = call;
  const from = `${call.url.origin}${call.url.pathname}`;
  if (call.redirect === "error") throw refused(status, `${from} redirects, which redirect: "error" forbids.`);
  const target = asUtf8(location);
  if (!URL.canParse(target, call.url.href)) throw refused(status, `${from} redirects to what is no URL.`);
  const url = new URL(target, call.url.href);
  // a blob: URL has the origin of what is behind it
  if (url.origin !== call.url.origin || url.protocol !== "https:") {
    throw refused(status, `${from} redirects to another origin, ${url.protocol}//${url.host}, which is not followed with a bound token.`);
  }
  if (url.username || url.password) throw refused(status, `${from} redirects to a URL with a user name or password.`);
  if (!url.hash) url.hash = call.url.hash;
  const becomesGet = status === 303 ? method !== "GET" && method !== "HEAD" : method === "POST" && (status === 301 || status === 302);
  if (!becomesGet) return { ...call, url };
  const headers = new Map(call.headers);
  for (const name of BODY_HEADERS) headers.delete(name);
  return { ...call, url, method: "GET", headers, body: undefined };
}

/** Node reads each byte of a header as one character, but servers write a Location in UTF-8. */
function asUtf8(location: string): string {
  return /[\x80-\xff]/.test(location) ? Buffer.from(location, "latin1").toString("utf8") : location;
}

function refused(statusCode: number, message: string): MtlsPopError {
  return new MtlsPopError("redirect_refused", message, {
    statusCode,
    help: 'Ask for the final URL, or take the answer with redirect: "manual".',
  });
}
