import { isMtlsPopError, MtlsPopError } from "../errors.js";
import { retryAfterSeconds } from "../internal/retry-after.js";
import { claimsChallenge } from "./challenge.js";

/** Of an answer that is an error, this much is read, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;
/** Of the resource's words, this much is passed on, in characters. */
const MAX_WORDS = 500;
/** And this much is looked through for tokens. */
const MAX_TEXT = 8 * 1024;
const MAX_ID = 100;

/** Headers in which Azure's services name a request. */
const REQUEST_IDS = ["client-request-id", "x-ms-client-request-id", "x-ms-request-id", "request-id"];

/**
 * Turns an answer that is no success into an error with the resource's own words.
 *
 * @param accessToken what was sent, and must not be repeated although the resource quotes it
 * @returns retryable for 408, 429 and 5xx
 */
export async function resourceError(response: Response, accessToken: string): Promise<MtlsPopError> {
  const { status, headers, url } = response;
  const words = wordsOf(await textOf(response), accessToken);
  const isTransient = status === 408 || status === 429 || status >= 500;
  return new MtlsPopError("resource_error", `${new URL(url).host} answered ${status}${words ? `: ${words}` : " without a word"}.`, {
    statusCode: status,
    retryable: isTransient,
    retryAfterSeconds: retryAfterSeconds(headers.get("retry-after"), Date.now()),
    correlationId: REQUEST_IDS.map((name) => headers.get(name)).find((id) => id !== null && id.length <= MAX_ID) ?? undefined,
    claims: claimsChallenge(headers.get("www-authenticate") ?? undefined),
    help: helpFor(status),
  });
}

function helpFor(status: number): string {
  if (status === 401)
    return "The resource did not take the token: compare its audience, and the certificate that it is bound to, with what the resource expects.";
  if (status === 403) return "The token was accepted, but a role or permission is missing.";
  if (status === 404) return "Check the name and the path.";
  return status === 408 || status === 429 || status >= 500 ? "Try again later." : "Check the request.";
}

/** The beginning of a body that may be endless, or cut: the status is the news. */
async function textOf({ body }: Response): Promise<string> {
  if (!body) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > MAX_BODY_BYTES) break;
    }
  } catch (error) {
    if (!isMtlsPopError(error)) throw error;
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * `error.code: error.message` of Azure's JSON, else the beginning of the text; on one line, and without the token that was sent, which may
 * be an opaque one, and anything that looks like a JWT.
 */
function wordsOf(body: string, accessToken: string): string {
  const plain = (azureWords(body) ?? body)
    .replaceAll(accessToken, "[token]")
    .slice(0, MAX_TEXT)
    .replaceAll(/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, "[JWT]")
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .replace(/\.$/, "");
  return plain.length > MAX_WORDS ? `${plain.slice(0, MAX_WORDS)}…` : plain;
}

function azureWords(body: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(body);
    const error: unknown = isObject(answer) ? answer["error"] : undefined;
    if (typeof error === "string") return [error, isObject(answer) ? answer["error_description"] : undefined].filter(isText).join(": ");
    return isObject(error) ? [error["code"], error["message"]].filter(isText).join(": ") : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
