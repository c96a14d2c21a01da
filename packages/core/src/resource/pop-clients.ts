import { MtlsPopError } from "../errors.js";
import { type FetchFunction, type PopFetchOptions, popFetcher } from "./pop-fetch.js";
import { hrefOf, parseUrl, readCall } from "./request-input.js";
import type { Resource, ResourceOptions } from "./resource.js";

const RESERVED_NAMES = ["fetch", "close", "then", "acquireToken", "acquireBoundToken"] as const;

/** Names that no client can have: they mean something else on the clients, or to a promise. */
export type ReservedClientName = (typeof RESERVED_NAMES)[number];

/** A resource for each name. */
export type NamedResources<Name extends string> = { readonly [N in Name]: N extends ReservedClientName ? never : ResourceOptions };

/** Options of {@link createPopClients}. */
export interface PopClientsOptions<Name extends string> extends Omit<PopFetchOptions, "resources"> {
  /** A client for each name, with the resource that it calls. */
  resources: NamedResources<Name>;
}

/** A client for each name, `fetch` for all of them and the known resources, and `close` for all of it. */
export type PopClients<Name extends string> = {
  /** Takes paths, which are appended to the base URL, and URLs that lie under it. */
  readonly [N in Name]: FetchFunction;
} & {
  /** Takes absolute URLs of the configured and known resources. */
  readonly fetch: FetchFunction;
  /** Waits for the calls that are under way, then ends every connection. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * Makes a client for each of several resources; they share connections, and are closed together by whoever made them.
 *
 * @throws {MtlsPopError} `reserved_client_name`, and as `createPopFetch` does
 * @example
 * ```ts
 * const pop = createPopClients({
 *   tokens: application,
 *   resources: {
 *     vault: { baseUrl: "https://contoso.vault.azure.net" },
 *     orders: { baseUrl: "https://orders.example/v1", scope: "api://orders/.default" },
 *   },
 * });
 * const secret = await pop.vault("/secrets/my-secret?api-version=7.4");
 * const order = await pop.orders("/orders/1");
 * await pop.close();
 * ```
 */
export function createPopClients<const Name extends string>(options: PopClientsOptions<Name>): PopClients<Name>;
export function createPopClients(options: PopFetchOptions): PopClients<string> {
  const { registry, fetcher, fetch } = popFetcher("createPopClients", options);
  const clients: Record<string, FetchFunction> = {};
  for (const [name, resource] of registry.named) {
    assertClientName(name);
    const client: FetchFunction = async (input, init) => {
      const url = resolve(name, resource, hrefOf(input));
      if (!fetcher.owns(resource, url)) throw offOrigin(name, resource, "leads to the path of another resource");
      return await fetcher.fetch(resource, readCall(url, input, init));
    };
    // own property, even for a name such as __proto__
    Object.defineProperty(clients, name, { value: client, enumerable: true });
  }
  const close = () => fetcher.close();
  return Object.assign(clients, { fetch, close, [Symbol.asyncDispose]: close });
}

/** @throws {MtlsPopError} `reserved_client_name` */
export function assertClientName(name: string): void {
  if (!RESERVED_NAMES.some((reserved) => reserved === name)) return;
  throw new MtlsPopError("reserved_client_name", `A client cannot be named "${name}".`, {
    help: `Choose another name than ${RESERVED_NAMES.join(", ")}.`,
  });
}

/**
 * Where a named client's input leads: a path is appended to the base URL, `/` in front or not; a URL must lie under it.
 *
 * @throws {MtlsPopError} `off_origin_input`
 */
function resolve(name: string, resource: Resource, input: string): URL {
  // what the URL parser does not see must not hide what it does
  const text = input.replaceAll(/[\t\n\r]/g, "").replace(/^[\0- ]+/, "");
  const isAbsolute = /^(?:[a-z][a-z\d+.-]*:|[/\\]{2})/i.test(text);
  const reference = isAbsolute ? text : `./${text.replace(/^[/\\]/, "")}`;
  const url = parseUrl(reference, resource.baseUrl);
  const isUnder = url?.origin === resource.origin && resource.contains(url.pathname) && !url.username && !url.password;
  if (isUnder) return url;
  const found = url === undefined ? "is no URL" : url.origin === resource.origin ? "leaves its path" : "leads to another origin";
  throw offOrigin(name, resource, found);
}

function offOrigin(name: string, resource: Resource, found: string): MtlsPopError {
  return new MtlsPopError("off_origin_input", `The input of the client "${name}" ${found}; it calls ${resource.baseUrl.href} alone.`, {
    help: "Pass a path, such as /secrets/x?api-version=7.4; for other resources use `fetch` or a client of their own.",
  });
}
