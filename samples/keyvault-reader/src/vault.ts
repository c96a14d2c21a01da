import type { ResourceOptions } from "@mtls-pop/core";

/** The vault, wherever the app setting KEY_VAULT_URL says that it is. */
export const vault = { baseUrl: "%KEY_VAULT_URL%", profile: "key-vault" } as const satisfies ResourceOptions;

/** What a vault allows as the name of a secret; nothing else reaches a URL. */
export const SECRET_NAME = /^[0-9A-Za-z-]{1,127}$/;

/** Where a secret is read. */
export function secretPath(name: string): string {
  return `/secrets/${name}?api-version=7.4`;
}
