import type { IncomingHttpHeaders } from "node:http";
import { MtlsPopError, type MtlsPopErrorCode } from "../errors.js";
import { retryAfterSeconds } from "../internal/retry-after.js";
import { entraAdvice } from "./entra-advice.js";

/** Values of `error` that are codes here as well (RFC 6749 section 5.2 and Entra's own); any other is `service_error`. */
const OAUTH_ERRORS: ReadonlySet<string> = new Set<MtlsPopErrorCode>([
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "invalid_scope",
  "invalid_resource",
  "unauthorized_client",
  "unsupported_grant_type",
  "access_denied",
  "interaction_required",
  "server_error",
  "temporarily_unavailable",
]);

/** Longest description that is passed on, in characters. */
const MAX_DESCRIPTION = 500;

/** As much of a description as is looked at; Entra's have a few hundred characters. */
const MAX_READ = 4000;

/** Longest claims that are passed on, in characters. */
const MAX_CLAIMS = 16 * 1024;

/** Numbers of one answer that are kept; Entra sends one or two. */
const MAX_CODES = 10;

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A token endpoint's answer other than 200, and what is known of its request. */
export interface EntraErrorAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Who answered, for the message. */
  readonly host: string;
  /** The request's own; the answer's goes before it. */
  readonly correlationId: string;
  /** What a date in Retry-After is counted from. */
  readonly nowMs: number;
}

/**
 * Turns a token endpoint's refusal into an error: Entra's own first sentence, its numbers, and advice where there is some. Nothing of
 * the request is in it.
 *
 * @returns `code` is the OAuth error where it is a known one, else `service_error`; retryable for 408, 429 and 5xx
 * @see RFC 6749 section 5.2, PROTOCOL.md sections 3 and 8
 */
export function entraError(answer: EntraErrorAnswer): MtlsPopError {
  const { status, headers, host, nowMs } = answer;
  const body = parseObject(answer.body);
  const error = text(body?.["error"]);
  const facts = {
    statusCode: status,
    retryAfterSeconds: retryAfterSeconds(headers["retry-after"], nowMs),
    ...(isTransient(status) && { retryable: true }),
  };
  if (!body || error === undefined) {
    return new MtlsPopError("service_error", `${host} answered the token request with ${status} and ${describe(answer)}.`, {
      ...facts,
      correlationId: correlationIdOf(answer, undefined),
      help: isTransient(status)
        ? "Try again later; if it lasts, look for a proxy or gateway that answers in Entra's place."
        : "A proxy, gateway or captive portal may have answered in Entra's place.",
    });
  }
  const description = text(body["error_description"]) ?? "";
  const aadErrorCodes = aadErrorCodesOf(body["error_codes"], description);
  const said = firstSentence(description) || `${firstSentence(error)}, without a description`;
  const correlationId = correlationIdOf(answer, body["correlation_id"]);
  return new MtlsPopError(codeOf(error), `${host} refused the token request (${status}, correlation id ${correlationId}): ${said}`, {
    ...facts,
    correlationId,
    aadErrorCodes: aadErrorCodes.length > 0 ? aadErrorCodes : undefined,
    claims: claimsOf(body["claims"]),
    suberror: word(body["suberror"]),
    help: entraAdvice(aadErrorCodes)?.help,
  });
}

/** The code for what an answer has as its `error`. */
export function codeOf(error: string): MtlsPopErrorCode {
  return isOAuthError(error) ? error : "service_error";
}

function isOAuthError(error: string): error is MtlsPopErrorCode {
  return OAUTH_ERRORS.has(error);
}

/** Whether the same request may succeed later. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** A text's JSON object, or nothing. */
export function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A text that says something. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Claims that a request could carry; Entra asks for a few hundred characters. */
function claimsOf(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= MAX_CLAIMS ? text(value) : undefined;
}

/** Entra's finer words for an error are such; a longer text would be somebody else's. */
function word(value: unknown): string | undefined {
  return typeof value === "string" && /^[\w-]{1,64}$/.test(value) ? value : undefined;
}

/** What came in place of Entra's JSON, in words: a stranger's page has no place in an error. */
function describe({ body, headers }: EntraErrorAnswer): string {
  if (body.trim() === "") return "no body";
  const kind = parseObject(body)
    ? "JSON without an `error`"
    : /html/i.test(headers["content-type"] ?? "")
      ? "an HTML page"
      : "a text that is no JSON object";
  return `${kind} (${body.length} characters) in place of Entra's error`;
}

/** `error_codes`, or where an answer has none, the number that begins its description. */
function aadErrorCodesOf(listed: unknown, description: string): number[] {
  const codes = (Array.isArray(listed) ? listed : []).slice(0, MAX_CODES).filter((code): code is number => Number.isSafeInteger(code));
  const written = /^AADSTS(\d{1,9})\b/.exec(description)?.[1];
  return codes.length === 0 && written !== undefined ? [Number(written)] : codes;
}

/** Entra's words without the ids and the time that it adds to them, on one line, and without anything that looks like a JWT. */
export function firstSentence(description: string): string {
  const [line = ""] = description
    .slice(0, MAX_READ)
    .replace(/\s*\bTrace ID:[\s\S]*$/i, "")
    .trim()
    .split(/[\r\n]/);
  // what steers a terminal or turns a line around is blanked; a JWT may have been cut off above
  const plain = line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ").replaceAll(/\beyJ[\w-]{8,}(?:\.[\w-]*)*/g, "[JWT]");
  const shown = plain.length > MAX_DESCRIPTION ? `${plain.slice(0, MAX_DESCRIPTION)}…` : plain;
  // a copy: V8 keeps the whole of a text for as long as a slice of it lives, and the throttle memory keeps errors
  return Buffer.from(shown).toString();
}

/** The service's own id where it gave one: that is what it logged. */
function correlationIdOf({ headers, correlationId }: EntraErrorAnswer, inBody: unknown): string {
  const candidates = [inBody, headers["client-request-id"]];
  return candidates.find((id): id is string => typeof id === "string" && GUID.test(id)) ?? correlationId;
}
