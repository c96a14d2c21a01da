import type { Resource } from "../resource/resource.js";
import { PipelineHeaders } from "./pipeline-headers.js";
import type { SdkResponse } from "./pipeline-response.js";
import type { SdkRequest } from "./sdk-request.js";

/**
 * The answer to a request without a handle. Key Vault's policy sends one first, its body taken off, to be told by a challenge which scope
 * the vault wants. That is known here, so nothing goes out: it would be a round trip over a connection of no use, and a challenge from the
 * wire could name another scope.
 */
export function challengeAnswer<R extends SdkRequest>(request: R, { scope, endpoint }: Resource): SdkResponse<R> {
  const message = `The request to ${endpoint.authority} came without a handle of MtlsPopCredential and was not sent: this client makes bound calls only.`;
  return {
    request,
    status: 401,
    headers: new PipelineHeaders([
      ["www-authenticate", `Bearer scope="${scope}"`],
      ["content-type", "application/json"],
    ]),
    bodyAsText: JSON.stringify({ error: { code: "Unauthorized", message } }),
  };
}
