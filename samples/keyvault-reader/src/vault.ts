import type { ResourceOptions } from "@mtls-pop/core";

/** What tokens are asked for; the vaults of another cloud have another scope, such as `https://vault.usgovcloudapi.net/.default`. */
export const VAULT_SCOPE = "https://vault.azure.net/.default";

/** The vault, wherever the app setting KEY_VAULT_URL says that it is. */
export const vault = {
  baseUrl: "%KEY_VAULT_URL%",
  profile: "key-vault",
  scope: VAULT_SCOPE,
  ...schemeFrom(process.env["KEY_VAULT_AUTHORIZATION_SCHEME"]),
} as const satisfies ResourceOptions;

/**
 * The scheme of the Authorization header, where an app setting says it; otherwise the profile knows what vaults want today, and the other one is
 * tried when a vault refuses that.
 *
 * @throws RangeError for any other than `mtls_pop` and `pop`
 */
export function schemeFrom(setting: string | undefined): Pick<ResourceOptions, "authorizationScheme"> {
  if (!setting) return {};
  if (setting !== "mtls_pop" && setting !== "pop") {
    throw new RangeError(`KEY_VAULT_AUTHORIZATION_SCHEME is "${setting}"; a bound token goes by mtls_pop or pop.`);
  }
  return { authorizationScheme: setting };
}

/** What a vault takes as the name of a secret. */
const SECRET_NAME = /^[0-9A-Za-z-]{1,127}$/;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/**
 * Where a secret is read. Nothing but a name reaches the URL: `../keys` or `x?maxresults=1` would lead elsewhere in the vault.
 *
 * @throws RangeError for what is no name of a secret
 */
export function secretPath(name: string): string {
  if (!isSecretName(name)) throw new RangeError("The name of a secret is 1 to 127 of a-z, A-Z, 0-9 and -.");
  return `/secrets/${name}?api-version=7.4`;
}
