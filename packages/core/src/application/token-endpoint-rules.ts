import { MtlsPopError } from "../errors.js";
import { record } from "../internal/options.js";
import { serverScopeKey } from "../token/scopes.js";

/** Options that mean something of Entra's, and why they do not go with a token endpoint. */
const ENTRA_ONLY = {
  tenantId: "its server has no tenants",
  azureRegion: "it is asked where it is, and there are no regions of it",
  fallbackToGlobal: "it is asked where it is, and there are no regions of it",
  regionDetector: "it is asked where it is, and there are no regions of it",
  knownAuthorities: "the certificate goes to its host, since it is named there, and to no other",
  clientCapabilities: "they are told in a claim of Entra's",
  sendCertificateOverMtls: "the certificate is shown with every request",
  clientAssertion: "the exchange of an assertion that is bound to a certificate is Entra's; the credential is `certificate`",
} as const;

/** Parts of a request that mean something of Entra's. */
const ENTRA_ONLY_IN_REQUEST = { tenantId: ENTRA_ONLY.tenantId, fmiPath: "federated managed identities are Entra's" } as const;

/** As much of a request as is looked at. */
interface ServerRequest {
  readonly scopes: readonly string[];
  readonly mtlsProofOfPossession?: boolean;
}

/** Whether the authority is given by its token endpoint. */
export function hasTokenEndpoint(options: { readonly authority?: unknown }): boolean {
  return record.test(options.authority);
}

/**
 * Refuses options of Entra's.
 *
 * @throws {MtlsPopError} `invalid_options`
 */
export function assertTokenEndpointOptions(options: object): void {
  refuse("ConfidentialClientApplication", options, ENTRA_ONLY);
}

/**
 * Refuses what only Entra could be asked for. A token that is bound to nothing is not asked for either: it would bear the same name.
 *
 * @returns the scopes as the cache key has them
 * @throws {MtlsPopError} `invalid_options`
 */
export function readServerRequest(request: ServerRequest): string {
  refuse("A request", request, ENTRA_ONLY_IN_REQUEST);
  if (request.mtlsProofOfPossession !== true) {
    throw new MtlsPopError("invalid_options", "An authority that is given by its token endpoint is asked for bound tokens alone.", {
      help: "Set mtlsProofOfPossession: true.",
    });
  }
  return serverScopeKey(request.scopes);
}

function refuse(where: string, given: object, reasons: Readonly<Record<string, string>>): void {
  for (const [name, reason] of Object.entries(reasons)) {
    if (Reflect.get(given, name) === undefined) continue;
    throw new MtlsPopError("invalid_options", `${where} has \`${name}\` beside an \`authority\` with \`tokenEndpoint\`: ${reason}.`, {
      help: "Leave it out.",
    });
  }
}
