import { randomBytes } from "node:crypto";
import type { Fault } from "../faults/fault.js";
import { type AccessTokenInput, accessTokenClaims, type TokenSettings } from "./access-token.js";
import type { SigningKeys } from "./signing-keys.js";
import type { TokenForm } from "./token-form.js";

/** How long past its time a token of the fault `expired` is. */
const EXPIRED_SINCE_SECONDS = 3600;

/** Mints the access token and wraps it as the token endpoint answers, bent by a fault where one was put. */
export async function tokenAnswer(
  input: Omit<AccessTokenInput, "expiresInSeconds" | "form"> & { readonly form: TokenForm },
  settings: TokenSettings,
  keys: SigningKeys,
  fault: Fault | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const kind = fault?.kind;
  const confirmation =
    kind === "downgrade" || kind === "no-confirmation"
      ? undefined
      : kind === "wrong-confirmation"
        ? randomBytes(32).toString("base64url")
        : input.confirmation;
  const lifetime = kind === "expired" ? 0 : settings.expiresInSeconds;
  const duration = (seconds: number): number | string => (settings.durationsAs === "string" ? String(seconds) : seconds);
  const expiresInSeconds = kind === "expired" ? -EXPIRED_SINCE_SECONDS : lifetime;
  return {
    ...(kind !== "no-token-type" && { token_type: kind === "downgrade" ? "Bearer" : input.form.tokenType }),
    expires_in: duration(lifetime),
    ext_expires_in: duration(lifetime),
    ...(settings.refreshInSeconds !== undefined && { refresh_in: duration(settings.refreshInSeconds) }),
    access_token:
      kind === "opaque-token"
        ? randomBytes(64).toString("base64url")
        : await keys.sign(accessTokenClaims({ ...input, confirmation, expiresInSeconds })),
  };
}
