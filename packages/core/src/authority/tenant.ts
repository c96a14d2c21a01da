import { MtlsPopError } from "../errors.js";

/** DNS's limit, in characters. */
const MAX_LENGTH = 253;

const LABEL = /^[a-z0-9-]{1,63}$/i;

/** First segments of the paths of other services: as a tenant they would make such a path. */
const OTHER_SERVICES = new Set(["adfs", "dstsv2", "tfp"]);

/** Tenants that name no directory. */
const TENANTLESS = new Set(["common", "organizations"]);

/**
 * Checks what is about to become a path segment: a GUID, a domain name, or one of Entra's words such as `consumers`.
 *
 * @returns the tenant in lower case
 * @throws {MtlsPopError} `invalid_authority`
 */
export function assertTenant(tenant: string): string {
  const name = tenant.trim();
  // lower-cased afterwards: there are letters outside ASCII that lower-case into it
  const isName = name.length <= MAX_LENGTH && name.split(".").every((label) => LABEL.test(label));
  if (isName && !OTHER_SERVICES.has(name.toLowerCase())) return name.toLowerCase();
  // the value itself stays out of the message: it may be a secret that was put in the wrong place
  const odd = /[^a-zA-Z0-9.-]/u.exec(name)?.[0];
  throw new MtlsPopError("invalid_authority", `The tenant is no GUID and no domain name${odd ? `: it holds ${codePoint(odd)}` : ""}.`, {
    help: "Use the directory's id or a domain name such as contoso.onmicrosoft.com.",
  });
}

/**
 * Where a certificate is presented, the tenant must name one directory.
 *
 * @param tenant as {@link assertTenant} gave it
 * @throws {MtlsPopError} `missing_tenanted_authority`
 */
export function assertDirectory(tenant: string): void {
  if (!TENANTLESS.has(tenant)) return;
  throw new MtlsPopError("missing_tenanted_authority", `A certificate is presented to one tenant, but the tenant here is "${tenant}".`, {
    help: "Pass the directory's id or domain name as `tenantId`, or in the authority.",
  });
}

/** A character by number, which is readable for the invisible and look-alike ones as well. */
export function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
