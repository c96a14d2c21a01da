import type { BoundTokenSource } from "../application/bound-token-source.js";
import { MtlsPopError } from "../errors.js";
import { Resource, type ResourceOptions } from "./resource.js";
import { knownHost } from "./resource-profile.js";

/** Known hosts (vaults, mostly) that one client keeps in mind, the last used ones. */
const MAX_KNOWN = 100;

/** What a {@link ResourceRegistry} is made of. */
export interface ResourceRegistryOptions {
  readonly tokens: BoundTokenSource;
  readonly resources: Readonly<Record<string, ResourceOptions>>;
  /** Limits the known hosts to those that a given token is for. @default all */
  readonly knownScope?: (scope: string) => boolean;
  /** Told when a known host is forgotten. */
  readonly onForget?: (resource: Resource) => void;
}

/**
 * The resources that may be handed a bound token: the configured ones and, without configuration, the known hosts. The boundary is the
 * origin. Where several resources share one, the longest base path that the URL lies under decides.
 */
export class ResourceRegistry {
  readonly #options: ResourceRegistryOptions;
  readonly #named = new Map<string, Resource>();
  readonly #byOrigin = new Map<string, Resource[]>();
  readonly #known = new Map<string, Resource>();

  /** @throws {MtlsPopError} `invalid_options`, also for two resources with the same base URL; `insecure_url`; `authorization_header_refused` */
  constructor(options: ResourceRegistryOptions) {
    this.#options = options;
    for (const [name, resourceOptions] of Object.entries(options.resources)) {
      const resource = new Resource(name, resourceOptions, options.tokens);
      const neighbours = this.#byOrigin.get(resource.origin) ?? [];
      if (neighbours.some(({ baseUrl }) => baseUrl.pathname === resource.baseUrl.pathname)) {
        throw new MtlsPopError("invalid_options", `resource "${name}" has the same baseUrl as another one: ${resource.baseUrl.href}`, {
          help: "Give each its own path, or make two clients.",
        });
      }
      neighbours.push(resource);
      neighbours.sort((a, b) => b.baseUrl.pathname.length - a.baseUrl.pathname.length);
      this.#byOrigin.set(resource.origin, neighbours);
      this.#named.set(name, resource);
    }
  }

  /** The configured resources by name. */
  get named(): ReadonlyMap<string, Resource> {
    return this.#named;
  }

  /**
   * The resource that a URL belongs to.
   *
   * @throws {MtlsPopError} `resource_not_configured`
   */
  find(url: URL): Resource {
    const resource = this.ownerOf(url);
    if (resource) return resource;
    const configured = this.#byOrigin.has(url.origin);
    throw new MtlsPopError(
      "resource_not_configured",
      configured
        ? `${url.origin}${url.pathname} lies under none of the base URLs that are configured for this origin.`
        : `${url.origin} is not among the resources that may be handed this bound token.`,
      {
        help:
          `Add it: resources: { name: { baseUrl: "${url.origin}" } }, with its \`scope\` where a token is acquired for it, ` +
          'and with profile: "key-vault" if it is a vault.',
      },
    );
  }

  /** The resource that a URL belongs to, if there is one. */
  ownerOf(url: URL): Resource | undefined {
    const configured = this.#byOrigin.get(url.origin);
    if (!configured) return this.#findKnown(url);
    return configured.length === 1 ? configured[0] : configured.find((candidate) => candidate.contains(url.pathname));
  }

  #findKnown(url: URL): Resource | undefined {
    const present = this.#known.get(url.origin);
    if (present) return present;
    const known = knownHost(url.host);
    if (!known || this.#options.knownScope?.(known.scope) === false) return undefined;
    const resource = new Resource(url.host, { baseUrl: url.origin }, this.#options.tokens);
    const [oldest] = this.#known.values();
    if (oldest && this.#known.size >= MAX_KNOWN) {
      this.#known.delete(oldest.origin);
      this.#options.onForget?.(oldest);
    }
    this.#known.set(url.origin, resource);
    return resource;
  }
}
