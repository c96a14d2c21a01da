import { Readable } from "node:stream";
import type { CallSignal } from "./call-signal.js";
import { counted } from "./pipeline-body.js";
import { PipelineHeaders } from "./pipeline-headers.js";
import type { SdkRequest } from "./sdk-request.js";

/** An answer as both of the SDK's kinds of HTTP client give it. */
export interface SdkResponse<R> {
  request: R;
  status: number;
  headers: PipelineHeaders;
  bodyAsText?: string;
  readableStreamBody?: NodeJS.ReadableStream;
}

/**
 * Turns an answer into the SDK's: a stream where the request wants one for this status, else text.
 *
 * @param signal lets go of when the body has ended
 * @throws what ended the body early
 */
export async function pipelineResponse<R extends SdkRequest>(request: R, response: Response, signal: CallSignal): Promise<SdkResponse<R>> {
  const { status } = response;
  const answer = { request, status, headers: new PipelineHeaders(response.headers) };
  if (request.method === "HEAD") return answer;
  const { streamResponseStatusCodes: streamed, onDownloadProgress } = request;
  const body = response.body && onDownloadProgress ? counted(response.body, onDownloadProgress) : response.body;
  if (!streamed?.has(Number.POSITIVE_INFINITY) && !streamed?.has(status)) {
    return { ...answer, bodyAsText: body ? await new Response(body).text() : "" };
  }
  const readableStreamBody = body ? Readable.fromWeb(body) : Readable.from([], { objectMode: false });
  signal.holdFor(readableStreamBody);
  return { ...answer, readableStreamBody };
}
