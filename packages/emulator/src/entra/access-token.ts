import { randomBytes, randomUUID } from "node:crypto";
import type { JWTPayload } from "jose";
import type { Application } from "./application-registry.js";
import { isRecord, type TokenForm } from "./token-form.js";

/** How long tokens live, and how the answer says so; may be changed while the emulator runs. */
export interface TokenSettings {
  /** @default 3599 */
  expiresInSeconds: number;
  /** @default none, as for Entra's short tokens */
  refreshInSeconds: number | undefined;
  /** Whether `expires_in` and its kin are JSON numbers or strings; Entra has written both. @default "number" */
  durationsAs: "number" | "string";
}

/** What goes into an access token. */
export interface AccessTokenInput {
  /** Whose token it is: an application, or a managed identity. */
  readonly principal: Pick<Application, "clientId" | "objectId">;
  readonly form: Pick<TokenForm, "audience" | "claims">;
  readonly tenantId: string;
  readonly issuer: string;
  /** `x5t#S256` of the certificate that it is bound to. */
  readonly confirmation: string | undefined;
  readonly now: Date;
  readonly expiresInSeconds: number;
}

/**
 * Builds the claims of an app-only access token: `appid` and `azp` are the client id, `oid` and `sub` the id of the service principal,
 * `idtyp` is `app`, `aud` the resource as it was asked for, `tid` the tenant; a bound token has `cnf`. Managed identities get the same.
 */
export function accessTokenClaims(input: AccessTokenInput): JWTPayload {
  const { principal, form, tenantId, confirmation, now } = input;
  const seconds = Math.floor(now.getTime() / 1000);
  const claims: JWTPayload = {
    aud: form.audience,
    iss: input.issuer,
    iat: seconds,
    nbf: seconds,
    exp: seconds + input.expiresInSeconds,
    appid: principal.clientId,
    azp: principal.clientId,
    appidacr: "2",
    idtyp: "app",
    oid: principal.objectId,
    sub: principal.objectId,
    tid: tenantId,
    uti: randomBytes(16).toString("base64url"),
    jti: randomUUID(),
    ver: "2.0",
    ...(confirmation !== undefined && { cnf: { "x5t#S256": confirmation } }),
  };
  return { ...requestedClaims(form.claims), ...claims };
}

/** `{"access_token":{"name":{"value":…}|{"values":[…]}}}`: what a challenge or a capability asks to see in the token. */
function requestedClaims(claims: TokenForm["claims"]): JWTPayload {
  const requested = claims?.["access_token"];
  if (!isRecord(requested)) return {};
  return Object.fromEntries(
    Object.entries(requested).flatMap(([name, request]) => {
      const value = isRecord(request) ? (request["values"] ?? request["value"]) : undefined;
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
