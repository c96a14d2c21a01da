import { randomUUID } from "node:crypto";
import type { Fault } from "../faults/fault.js";
import type { ManagedIdentity } from "../managed-identity/managed-identity.js";
import type { RecordedRequest } from "../record/recorded-request.js";
import { type Answer, json } from "../server/answer.js";
import { decodePathSegment } from "../server/request-url.js";
import { EntraError } from "./aadsts.js";
import type { AccessTokenInput, TokenSettings } from "./access-token.js";
import { ApplicationRegistry } from "./application-registry.js";
import type { CertificateStandings } from "./certificate-trust.js";
import { authenticateClient } from "./client-authentication.js";
import type { EntraHost, EntraHosts } from "./entra-hosts.js";
import { INSTANCE_DISCOVERY_PATH, instanceDiscovery } from "./instance-discovery.js";
import { authenticateManagedIdentity } from "./managed-identity-authentication.js";
import { openidConfiguration } from "./openid-configuration.js";
import { SigningKeys } from "./signing-keys.js";
import { tokenAnswer } from "./token-answer.js";
import { malformed, readTokenForm, type TokenForm } from "./token-form.js";

/** Resources that Entra issues no bound tokens for. @see PROTOCOL.md section 4 */
const UNBINDABLE = new Set(["https://management.azure.com", "https://management.core.windows.net"]);

/** What Entra is made of. */
export interface EntraOptions {
  readonly tenantId: string;
  /** Further names of tenants: ids of their own, or domain names, which mean the first. */
  readonly tenants: readonly string[];
  readonly hosts: EntraHosts;
  readonly authority: CertificateStandings;
  /** Finds a managed identity by its client id. */
  readonly managedIdentity: (clientId: string) => ManagedIdentity | undefined;
  /** Origin of the login host, with its port: begins every `iss`. */
  readonly origin: () => string;
}

/** A request as a token host gets it. */
export type EntraRequest = Pick<RecordedRequest, "method" | "host" | "path" | "query" | "headers" | "body" | "clientCertificate">;

/** The token service: plain requests in, plain answers out, so that it needs no server to be tried. */
export class Entra {
  readonly applications: ApplicationRegistry = new ApplicationRegistry();
  readonly keys: SigningKeys = new SigningKeys();
  readonly tokens: TokenSettings = { expiresInSeconds: 3599, refreshInSeconds: undefined, durationsAs: "number" };
  readonly #options: EntraOptions;
  /** Tenant ids by their names in paths. */
  readonly #tenants: ReadonlyMap<string, string>;

  constructor(options: EntraOptions) {
    this.#options = options;
    this.#tenants = new Map(
      [options.tenantId, ...options.tenants].map((name) => [name.toLowerCase(), name.includes(".") ? options.tenantId : name]),
    );
  }

  /**
   * Answers a request to a login, mtlsauth or dSTS host.
   *
   * @param fault a fault of the token endpoint that this request meets
   */
  async answer(request: EntraRequest, fault?: Fault): Promise<Answer> {
    const asked = request.headers["client-request-id"];
    const correlationId = asked || randomUUID();
    const traceId = randomUUID();
    const headers = {
      "cache-control": "no-store, no-cache",
      pragma: "no-cache",
      "x-ms-request-id": traceId,
      ...(asked && request.headers["return-client-request-id"]?.toLowerCase() === "true" && { "client-request-id": asked }),
    };
    try {
      const body = await this.#body(request, fault);
      return body === undefined ? { status: 404, headers } : json(200, body, headers);
    } catch (error) {
      if (!(error instanceof EntraError)) throw error;
      return json(error.status, error.toBody(request.host, correlationId, traceId, new Date()), headers);
    }
  }

  /** The `iss` of a tenant's tokens. */
  issuer(tenantId: string): string {
    return `${this.#options.origin()}/${tenantId}/v2.0`;
  }

  async #body(request: EntraRequest, fault: Fault | undefined): Promise<unknown> {
    const host = this.#options.hosts(request.host);
    if (host?.kind === "login" && request.path === INSTANCE_DISCOVERY_PATH) {
      return instanceDiscovery(request.query["authorization_endpoint"], this.#options.hosts);
    }
    const tenant = /^\/(?:dstsv2\/)?([^/]+)\//.exec(request.path)?.[1];
    if (!host || tenant === undefined) return undefined;
    const rest = request.path.slice((host.kind === "dsts" ? `/dstsv2/${tenant}` : `/${tenant}`).length);
    const tenantId = this.#tenants.get((decodePathSegment(tenant) ?? tenant).toLowerCase());
    if (tenantId === undefined) throw new EntraError(90002, { tenant });
    switch (rest) {
      case "/oauth2/v2.0/token":
        return this.#token(request, host, tenantId, fault);
      case "/v2.0/.well-known/openid-configuration":
        return openidConfiguration(`https://${request.headers["host"]}${request.path.slice(0, -rest.length)}`, this.issuer(tenantId));
      case "/discovery/v2.0/keys":
        return this.keys.jwks();
      default:
        return undefined;
    }
  }

  async #token(request: EntraRequest, host: EntraHost, tenantId: string, fault: Fault | undefined): Promise<unknown> {
    const now = new Date();
    if (request.method !== "POST") throw new EntraError(900561, { method: request.method });
    if (fault?.kind === "entra-error") throw new EntraError(fault.code);
    const form = readTokenForm(request.body, request.headers["content-type"]);
    const { principal, confirmation } = await this.#authenticate(request, { host, form, tenantId, now });
    if (confirmation !== undefined && UNBINDABLE.has(form.audience.replace(/\/$/, ""))) {
      throw new EntraError(392196, { resource: form.audience });
    }
    return tokenAnswer({ principal, form, tenantId, issuer: this.issuer(tenantId), confirmation, now }, this.tokens, this.keys, fault);
  }

  /** Who asks, and the certificate that a bound token gets. */
  async #authenticate(request: EntraRequest, asked: Asked): Promise<Pick<AccessTokenInput, "principal" | "confirmation">> {
    const { form, tenantId } = asked;
    const { origin, authority, managedIdentity } = this.#options;
    const { clientCertificate } = request;
    const identity = managedIdentity(form.clientId);
    if (identity) {
      return { principal: identity, confirmation: authenticateManagedIdentity(identity, { ...asked, clientCertificate }, authority) };
    }
    const application = this.applications.get(form.clientId);
    if (!application) throw new EntraError(700016, { clientId: form.clientId, tenant: tenantId });
    const extra = form.extras.find((name) => !application.extraBodyParameters.includes(name));
    if (extra !== undefined) throw malformed(`The field '${extra}' is not expected.`);
    const isIssuer = (issuer: string | undefined): boolean => issuer?.startsWith(`${origin()}/`) ?? false;
    const tokenEndpoint = `https://${request.headers["host"]}${request.path}`;
    const credentials = { ...asked, application, clientCertificate, tokenEndpoint };
    return { principal: application, confirmation: await authenticateClient(credentials, { keys: this.keys, isIssuer, authority }) };
  }
}

/** A token request, read. */
interface Asked {
  readonly host: EntraHost;
  readonly form: TokenForm;
  readonly tenantId: string;
  readonly now: Date;
}
