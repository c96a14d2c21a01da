import { type JsonAnswer, type JsonRequest, type JsonServer, serviceError, startJsonServer } from "./json-server.js";

const SUBSCRIPTION = /^\/subscriptions\/([^/]+)/;

/** Azure Resource Manager, as much of it as the hooks ask. */
export class FakeResourceManager {
  subscriptionId = "aaaaaaaa-0000-0000-0000-000000000001";
  tenantId = "11111111-2222-3333-4444-555555555555";
  state = "Enabled";
  /** Whether tokens of the login's own tenant are taken. */
  isHomeTenant = true;
  /** Registration states; others are registered. */
  readonly providers = new Map<string, string>();
  /** Looks at a registration that is under way before it has ended. */
  looksUntilRegistered = 2;
  regions = ["West US 3", "North Europe", "East US"];
  pageSize = 2;
  /** What the next requests get. */
  readonly next: (JsonAnswer | "reset" | "silence")[] = [];
  server!: JsonServer;

  static async start(): Promise<FakeResourceManager> {
    const fake = new FakeResourceManager();
    fake.server = await startJsonServer((request) => fake.#answer(request));
    return fake;
  }

  #answer(request: JsonRequest): JsonAnswer | "silence" | undefined {
    const scripted = this.next.shift();
    if (scripted) return scripted === "reset" ? undefined : scripted;
    const { method, url } = request;
    const { pathname } = url;
    const tenant = /^Bearer arm-token-(.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (tenant === undefined) return serviceError(401, "AuthenticationFailed", "Authentication failed.");
    if (!url.searchParams.has("api-version"))
      return serviceError(400, "MissingApiVersionParameter", "The api-version query parameter is required.");
    if (SUBSCRIPTION.exec(pathname)?.[1] !== this.subscriptionId) {
      return serviceError(404, "SubscriptionNotFound", "The subscription could not be found.");
    }
    if (tenant !== this.tenantId && !(tenant === "home" && this.isHomeTenant)) return this.#wrongTenant();
    const below = pathname.replace(SUBSCRIPTION, "");
    if (method === "GET" && below === "") return { status: 200, body: { displayName: "Test", state: this.state, tenantId: this.tenantId } };
    const [, namespace = "", action] = /^\/providers\/([^/]+)(?:\/(\w+))?$/.exec(below) ?? [];
    if (method === "GET" && action === "geoRegions") return this.#geoRegions(url);
    if (method === "GET" && namespace !== "" && action === undefined) return this.#provider(namespace);
    if (method === "POST" && action === "register") {
      this.providers.set(namespace, `Registering:${this.looksUntilRegistered}`);
      return { status: 200, body: { namespace, registrationState: "Registering" } };
    }
    return serviceError(404, "InvalidResourceType", `No ${method} ${pathname} here.`);
  }

  #wrongTenant(): JsonAnswer {
    const challenge = `Bearer authorization_uri="https://login.windows.net/${this.tenantId}", error="invalid_token", error_description="The access token is from the wrong issuer."`;
    return serviceError(401, "InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer.", {
      "www-authenticate": challenge,
    });
  }

  #provider(namespace: string): JsonAnswer {
    const [state = "Registered", looks] = (this.providers.get(namespace) ?? "Registered").split(":");
    if (looks !== undefined) this.providers.set(namespace, Number(looks) > 1 ? `${state}:${Number(looks) - 1}` : "Registered");
    return { status: 200, body: { namespace, registrationState: state } };
  }

  #geoRegions(url: URL): JsonAnswer {
    if ((this.providers.get("Microsoft.Web") ?? "Registered") !== "Registered") {
      return serviceError(409, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace 'Microsoft.Web'.");
    }
    if (url.searchParams.get("sku") !== "FlexConsumption") return { status: 200, body: { value: [{ name: "Nowhere" }] } };
    const from = Number(url.searchParams.get("$skiptoken") ?? 0);
    const next = new URL(url);
    next.searchParams.set("$skiptoken", String(from + this.pageSize));
    const value = this.regions.slice(from, from + this.pageSize).map((name) => ({ name, properties: { displayName: name } }));
    return { status: 200, body: { value, nextLink: from + this.pageSize < this.regions.length ? next.href : null } };
  }
}
