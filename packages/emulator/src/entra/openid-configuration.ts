/**
 * The discovery document of a tenant (OpenID Connect Discovery section 3), for clients that look their endpoint up.
 *
 * @param base origin and tenant, as the client addressed them
 */
export function openidConfiguration(base: string, issuer: string): Readonly<Record<string, unknown>> {
  return {
    issuer,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_types_supported: ["code"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    token_endpoint_auth_methods_supported: ["private_key_jwt", "tls_client_auth"],
    tls_client_certificate_bound_access_tokens: true,
  };
}
