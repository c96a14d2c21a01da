import { AuthenticationResult } from "../application/authentication-result.js";
import { MtlsPopError } from "../errors.js";
import { answerOf, invalidResponse } from "./invalid-response.js";
import type { Identity } from "./managed-identity-id.js";

/** These endpoints do not say which directory a token is from; MSAL's word for it. */
const NO_TENANT = "managed_identity";

/** A longer-lived token is refreshed at half its life where its endpoint names no time, as MSAL does; in milliseconds. */
const LONG_LIFE_MS = 2 * 60 * 60 * 1000;

/** What an endpoint's answer is checked against, and what becomes part of the result. */
export interface BearerQuestion {
  readonly body: string;
  /** What was called, for messages. */
  readonly call: string;
  readonly url: URL;
  readonly resource: string;
  readonly identity: Identity;
  readonly correlationId: string;
  readonly startedMs: number;
  readonly nowMs: number;
}

/**
 * Reads the Bearer token that IMDSv1 or App Service answered with.
 *
 * @throws {MtlsPopError} `invalid_managed_identity_response`, also for a token of another identity than the one that was named;
 * `token_type_mismatch`
 * @see PROTOCOL.md section 5
 */
export function bearerResult(question: BearerQuestion): AuthenticationResult {
  const { call, url, resource, correlationId, startedMs, nowMs } = question;
  const answer = answerOf(call, question.body, correlationId);
  const { access_token: accessToken, token_type: tokenType } = answer;
  // RFC 6749 appendix A.12, without the blank: it becomes part of a header
  if (typeof accessToken !== "string" || !/^[\x21-\x7e]+$/.test(accessToken)) {
    throw invalidResponse(call, "has no usable `access_token`", correlationId);
  }
  if (typeof tokenType !== "string" || tokenType.toLowerCase() !== "bearer") {
    throw new MtlsPopError("token_type_mismatch", `A Bearer token was asked for, but the answer of ${call} holds none.`, {
      correlationId,
      help: "Without it nobody knows how the token may be used, so it is not used.",
    });
  }
  assertIdentity(question, answer["client_id"]);
  const expiresOnMs = expiry(answer, nowMs);
  if (expiresOnMs === undefined)
    throw invalidResponse(call, "has no usable `expires_on` (seconds since 1970) or `expires_in`", correlationId);
  return new AuthenticationResult({
    accessToken,
    tokenType: "Bearer",
    expiresOn: new Date(expiresOnMs),
    refreshOn: refreshTime(answer, expiresOnMs, nowMs),
    scopes: [`${resource}/.default`],
    tenantId: NO_TENANT,
    correlationId,
    metadata: {
      tokenSource: "IdentityProvider",
      tokenEndpoint: `${url.origin}${url.pathname}`,
      durations: { totalMs: nowMs - startedMs, certificateMs: 0, regionMs: 0, httpMs: nowMs - startedMs },
    },
  });
}

/** Where both sides name the identity by its client id, they name the same. */
function assertIdentity({ call, identity, correlationId }: BearerQuestion, found: unknown): void {
  const asked = identity.clientId;
  if (asked === undefined || typeof found !== "string" || found === "" || found.toLowerCase() === asked.toLowerCase()) return;
  throw invalidResponse(call, `holds the token of another identity than ${identity.describe()}`, correlationId);
}

function expiry(answer: Readonly<Record<string, unknown>>, nowMs: number): number | undefined {
  const expiresOn = seconds(answer["expires_on"]);
  if (expiresOn !== undefined) return expiresOn * 1000;
  const expiresIn = seconds(answer["expires_in"]);
  return expiresIn === undefined ? undefined : nowMs + expiresIn * 1000;
}

function refreshTime(answer: Readonly<Record<string, unknown>>, expiresOnMs: number, nowMs: number): Date | undefined {
  const refreshIn = seconds(answer["refresh_in"]);
  if (refreshIn !== undefined) return new Date(nowMs + refreshIn * 1000);
  const lifeMs = expiresOnMs - nowMs;
  return lifeMs >= LONG_LIFE_MS ? new Date(nowMs + lifeMs / 2) : undefined;
}

/** The last second that a Date can hold. */
const MAX_SECONDS = 8_640_000_000_000;

/** A number, or digits. */
function seconds(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" && number >= 0 && number <= MAX_SECONDS ? number : undefined;
}
