import { MtlsPopError } from "../errors.js";
import { readHeaders } from "../resource/caller-headers.js";
import type { FetchCall } from "../resource/request-input.js";
import { readPipelineBody } from "./pipeline-body.js";
import type { SdkRequest } from "./sdk-request.js";

/** What an SDK client can be told about TLS and would have no effect: to ignore it would do less than the caller thinks. */
const REFUSED = {
  tlsSettings: "Leave `tlsOptions` out of the SDK client's options; set `transport` of createMtlsPopHttpClient.",
  requestOverrides: "Leave `requestOverrides` out; set `transport` of createMtlsPopHttpClient.",
} as const;

/** What the SDK's own client takes off an answer when a request asks for it. */
const DECODED = /gzip|deflate/;

/** A request with its `Authorization` taken off, which is the SDK's and not the wire's. */
export interface ReadRequest {
  readonly call: FetchCall;
  readonly authorization: string | undefined;
}

/**
 * Reads a request of the SDK as a call of the bound fetch. Redirects are the SDK's to follow, since it authorizes the next request anew.
 *
 * @throws {MtlsPopError} `invalid_options`
 */
export function readRequest(request: SdkRequest, url: URL, signal: AbortSignal): ReadRequest {
  for (const [name, help] of Object.entries(REFUSED)) {
    const value: unknown = Reflect.get(request, name);
    if (typeof value !== "object" || value === null || Object.keys(value).length === 0) continue;
    throw new MtlsPopError("invalid_options", `The request has \`${name}\`, but its connection is the bound client's.`, { help });
  }
  const { authorization, ...own } = headersOf(request);
  const headers = readHeaders("The SDK's request", Object.entries(own));
  // as the SDK's own client: who asks for neither, such as Storage, gets the content as it is stored, and counts its bytes
  const decode = DECODED.test(headers.get("accept-encoding") ?? "");
  if (!headers.has("accept-encoding")) headers.set("accept-encoding", "identity");
  const body = readPipelineBody(request, own["content-length"]);
  return { call: { url, method: request.method, headers, body, redirect: "manual", decode, signal }, authorization };
}

/** By lower-case name. */
function headersOf({ headers }: SdkRequest): Record<string, string> {
  const plain = "toJSON" in headers ? headers.toJSON() : headers.toJson();
  return Object.fromEntries(Object.entries(plain).map(([name, value]) => [name.toLowerCase(), value]));
}
