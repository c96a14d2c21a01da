import type { BoundToken } from "../application/bound-token-source.js";
import { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { assertOptions, type OptionRule, record } from "../internal/options.js";
import type { BoundFetcher } from "./bound-fetcher.js";
import { assertBound, type UsableToken } from "./bound-token.js";
import { boundFetcher, CONNECTION_RULES, type ConnectionOptions } from "./pop-fetch.js";
import { absoluteUrl, readCall } from "./request-input.js";
import type { ResourceOptions } from "./resource.js";
import { resourceError } from "./resource-error.js";
import { ResourceRegistry } from "./resource-registry.js";

/** Options of {@link ResourceCaller}. */
export interface ResourceCallerOptions extends ConnectionOptions {
  /** Resources that the token may go to, beside those that are known and that it was acquired for. @default none */
  resources?: Readonly<Record<string, Omit<ResourceOptions, "scope" | "tokens">>>;
}

/** A call's options: those of `fetch`, and the token where the caller was made with a certificate. */
export interface ResourceCallInit extends RequestInit {
  /** The bound token; needed with `new ResourceCaller(certificate)`, refused otherwise. */
  popToken?: string;
}

const RULES = { resources: record, ...CONNECTION_RULES } satisfies Record<keyof ResourceCallerOptions, OptionRule>;

/**
 * Calls resources with a token that is there already, over connections with the certificate that it is bound to.
 *
 * @example
 * ```ts
 * const caller = new ResourceCaller(result);
 * const secret = await caller.callResource("https://contoso.vault.azure.net/secrets/my-secret?api-version=7.4");
 * await caller.close();
 * ```
 * @see the seed's `ResourceCaller`
 */
export class ResourceCaller {
  readonly #certificate: BindingCertificate;
  readonly #token: UsableToken | undefined;
  readonly #registry: ResourceRegistry;
  readonly #fetcher: BoundFetcher;

  /**
   * @param binding a bound result, or a certificate whose token comes with each call
   * @throws {MtlsPopError} `token_not_bound`, `invalid_options`, `insecure_url`
   */
  constructor(binding: BoundToken | BindingCertificate, options: ResourceCallerOptions = {}) {
    assertOptions("ResourceCaller", options, RULES);
    for (const [name, resource] of Object.entries(options.resources ?? {})) assertNoTokens(name, resource);
    const token = binding instanceof BindingCertificate ? undefined : bound(binding);
    this.#token = token;
    this.#certificate = token?.bindingCertificate ?? (binding as BindingCertificate);
    const granted = grantedScopes(binding);
    this.#registry = new ResourceRegistry({
      tokens: { acquireBoundToken: async () => this.#tokenFor(undefined), bindingCertificate: () => this.#certificate },
      resources: options.resources ?? {},
      // a token for Graph is of no use to a vault, and no vault's business
      knownScope: (scope) => granted === undefined || granted.some((one) => one.startsWith(scope.replace(/\.default$/, ""))),
      onForget: (resource) => this.#fetcher.agents.release(resource),
    });
    this.#fetcher = boundFetcher(this.#registry, options);
  }

  /**
   * Calls a resource and gives the body of its answer.
   *
   * @param resourceUrl absolute, of a known or configured resource
   * @throws {MtlsPopError} `resource_error` for a status other than 2xx, with the resource's own words; otherwise as `fetch` of `createPopFetch`
   */
  async callResource(resourceUrl: string | URL | Request, init?: ResourceCallInit): Promise<string> {
    const token = this.#tokenFor(init?.popToken);
    const response = await this.#call(resourceUrl, init, token);
    if (!response.ok) throw await resourceError(response, token.accessToken);
    return response.text();
  }

  /** Calls a resource and gives the whole answer, whatever its status. @throws {MtlsPopError} as `fetch` of `createPopFetch` does */
  async callResourceFullResponse(resourceUrl: string | URL | Request, init?: ResourceCallInit): Promise<Response> {
    return this.#call(resourceUrl, init, this.#tokenFor(init?.popToken));
  }

  /** Waits for the calls that are under way, then ends every connection. */
  close(): Promise<void> {
    return this.#fetcher.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #call(resourceUrl: string | URL | Request, init: RequestInit | undefined, token: BoundToken): Promise<Response> {
    const url = absoluteUrl(resourceUrl);
    return this.#fetcher.fetch(this.#registry.find(url), readCall(url, resourceUrl, init), token);
  }

  #tokenFor(popToken: string | undefined): BoundToken {
    if (this.#token && popToken === undefined) return this.#token;
    if (this.#token) {
      throw new MtlsPopError(
        "invalid_options",
        "`popToken` goes with `new ResourceCaller(certificate)`; this caller was made with a token.",
        {
          help: "Leave it out, or make the caller with the certificate.",
        },
      );
    }
    if (popToken === undefined) {
      throw new MtlsPopError("invalid_options", "This ResourceCaller was made with a certificate, so each call needs `popToken`.", {
        help: "Pass { popToken: result.accessToken }, or make the caller with the result itself.",
      });
    }
    return { accessToken: popToken, tokenType: "mtls_pop", bindingCertificate: this.#certificate };
  }
}

/** For callers without types: the one token there is goes to all of the resources. */
function assertNoTokens(name: string, resource: object): void {
  if (!record.test(resource) || !("tokens" in resource || "scope" in resource)) return;
  throw new MtlsPopError("invalid_options", `resource "${name}" has \`tokens\` or \`scope\`, but a ResourceCaller acquires no tokens.`, {
    help: "Leave them out, or use createPopClients.",
  });
}

function bound(token: BoundToken): UsableToken {
  assertBound(token);
  return token;
}

/** What a result says that it was acquired for; a token of one's own may not say. */
function grantedScopes(binding: object): readonly string[] | undefined {
  const scopes: unknown = Reflect.get(binding, "scopes");
  return Array.isArray(scopes) && scopes.every((scope) => typeof scope === "string") ? scopes : undefined;
}
