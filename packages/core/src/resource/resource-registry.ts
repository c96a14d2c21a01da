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
  /** The last used one comes last. */
  readonly #known = new Map<string, Resource>();
  #lastKnown: Resource | undefined;

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
    const resource = this.#ownerOf(url);
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

  /** Whether a URL of the resource's origin belongs to the resource, which may be a known host that was forgotten in the meantime. */
  owns(resource: Resource, url: URL): boolean {
    return this.#byOrigin.has(url.origin) ? this.#ownerOf(url) === resource : url.origin === resource.origin;
  }

  #ownerOf(url: URL): Resource | undefined {
    const configured = this.#byOrigin.get(url.origin);
    if (!configured) return this.#findKnown(url);
    return configured.length === 1 ? configured[0] : configured.find((candidate) => candidate.contains(url.pathname));
  }

  #findKnown(url: URL): Resource | undefined {
    const present = this.#known.get(url.origin);
    if (present) return this.#use(present);
    const known = knownHost(url.host);
    if (!known || this.#options.knownScope?.(known.scope) === false) return undefined;
    const resource = new Resource(url.host, { baseUrl: url.origin }, this.#options.tokens);
    const [unused] = this.#known.values();
    if (unused && this.#known.size >= MAX_KNOWN) {
      this.#known.delete(unused.origin);
      this.#options.onForget?.(unused);
    }
    return this.#use(resource);
  }

  #use(resource: Resource): Resource {
    if (resource === this.#lastKnown) return resource;
    this.#known.delete(resource.origin);
    this.#known.set(resource.origin, resource);
    this.#lastKnown = resource;
    return resource;
  }
}
