/** The part of a vault's answer that says when a secret expires. */
interface ExpiringSecret {
  readonly attributes: { readonly exp?: number };
}

/**
 * When a secret expires, or nothing when it never does.
 *
 * @param secret a secret as the vault sent it
 * @throws TypeError for anything else
 */
export function expiryOf(secret: unknown): Date | undefined {
  assertExpiringSecret(secret);
  const { exp } = secret.attributes;
  return exp === undefined ? undefined : new Date(exp * 1000);
}

function assertExpiringSecret(value: unknown): asserts value is ExpiringSecret {
  const attributes: unknown = isRecord(value) ? value["attributes"] : undefined;
  if (!isRecord(attributes) || !["number", "undefined"].includes(typeof attributes["exp"])) {
    throw new TypeError("The vault sent a secret without proper `attributes`.");
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
