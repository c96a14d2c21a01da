import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { assertClientName, createPopClients, type PopClientsOptions } from "../../src/resource/pop-clients.js";
import { refusal } from "../certificate/authority.js";
import { calling, echoed, given } from "./calling.js";

let world: Awaited<ReturnType<typeof calling>>;
let url: string;
let tokens: ReturnType<typeof given>;
beforeAll(async () => {
  world = await calling();
  ({ url } = world.customApi);
  tokens = given(await world.tokenOf(world.certificate));
});
beforeEach(() => world.emulator.forgetRequests());
afterAll(() => world.close());

describe("createPopClients", () => {
  it("makes a client for each name, which takes paths and what lies under its base URL", async () => {
    await using pop = createPopClients({ tokens, transport: world.transport, resources: { orders: { baseUrl: `${url}/echo/v1` } } });
    const inputs = [
      "a?x=1",
      "/a?x=1",
      "./a?x=1",
      "b/../a?x=1",
      `${url}/echo/v1/a?x=1`,
      new URL(`${url}/echo/v1/a?x=1`),
      new Request(`${url}/echo/v1/a?x=1`),
    ];
    for (const input of inputs) expect(await echoed(pop.orders(input))).toMatchObject({ path: "/echo/v1/a", query: { x: "1" } });
    for (const input of ["", "/", ".", "?"]) expect((await echoed(pop.orders(input))).path).toBe("/echo/v1/");
    expect((await echoed(pop.orders("/a:b"))).path).toBe("/echo/v1/a:b");
  });

  it("has fetch for absolute URLs, and shares connections between all of them", async () => {
    await using pop = createPopClients({ tokens, transport: world.transport, resources: { orders: { baseUrl: url } } });
    expect((await pop.fetch(`${url}/echo`)).status).toBe(200);
    expect((await pop.orders("/echo")).status).toBe(200);
    expect((await pop.fetch(new Request(`${url}/echo`))).status).toBe(200);
    expect(new Set(world.arrived().map(({ connectionId }) => connectionId)).size).toBe(1);
  });

  it.each(["fetch", "close", "then", "acquireToken", "acquireBoundToken"])("refuses the name %s", async (name) => {
    const make = () => createPopClients({ tokens, resources: { [name]: { baseUrl: url } } } as PopClientsOptions<string>);
    expect((await refusal(make)).code).toBe("reserved_client_name");
    expect((await refusal(() => assertClientName(name))).code).toBe("reserved_client_name");
  });

  it.each(["__proto__", "constructor", "toString", "with space", "1"])("takes the name %j", async (name) => {
    const resources = JSON.parse(JSON.stringify({ [name]: 0 }), (key, value: unknown) =>
      key === name ? { baseUrl: url } : value,
    ) as Record<string, { baseUrl: string }>;
    Object.defineProperty(resources, name, { value: { baseUrl: url }, enumerable: true });
    await using pop = createPopClients({ tokens, transport: world.transport, resources });
    expect(Object.keys(pop)).toContain(name);
    const client: unknown = Object.getOwnPropertyDescriptor(pop, name)?.value;
    expect(typeof client === "function" && (await client("/echo")).status).toBe(200);
  });

  it("is no promise: it can be awaited", async () => {
    const pop = createPopClients({ tokens, resources: { orders: { baseUrl: url } } });
    expect(await pop).toBe(pop);
    await pop.close();
  });

  it("calls two resources of one origin with a token for each", async () => {
    const source = world.application();
    const asked: string[] = [];
    const counting = (name: string) => ({
      acquireBoundToken: (request: Parameters<typeof source.acquireBoundToken>[0]) => {
        asked.push(`${name} ${request.scopes.join()}`);
        return source.acquireBoundToken({ ...request, scopes: [world.customApi.scope] });
      },
    });
    await using pop = createPopClients({
      tokens: counting("shared"),
      transport: world.transport,
      resources: {
        root: { baseUrl: url, scope: "api://root/.default" },
        echo: { baseUrl: `${url}/echo`, scope: "api://echo/.default", tokens: counting("own") },
      },
    });
    await pop.root("/headers");
    await pop.echo("/deep");
    await pop.fetch(`${url}/echo`);
    await pop.fetch(`${url}/echoes`);
    expect(asked).toEqual([
      "shared api://root/.default",
      "own api://echo/.default",
      "own api://echo/.default",
      "shared api://root/.default",
    ]);
    expect(new Set(world.arrived().map(({ connectionId }) => connectionId)).size).toBe(1);
  });

  it("refuses one resource's client the path of another", async () => {
    await using pop = createPopClients({ tokens, resources: { root: { baseUrl: url }, echo: { baseUrl: `${url}/echo` } } });
    const error = await refusal(pop.root("/echo/deep"));
    expect(error).toMatchObject({ code: "off_origin_input", message: expect.stringMatching(/another resource/) });
    expect(world.emulator.requests).toEqual([]);
  });

  it("asks for a scope that follows from the origin unless it is told one", async () => {
    const scopes: (readonly string[])[] = [];
    const source = {
      acquireBoundToken: async (request: { scopes: readonly string[] }) => {
        scopes.push(request.scopes);
        return undefined as never;
      },
    };
    await using pop = createPopClients({
      tokens: source,
      resources: { api: { baseUrl: "https://orders.example:8443/v1" }, vault: { baseUrl: "https://contoso.vault.azure.cn" } },
    });
    for (const call of [
      pop.api("/"),
      pop.vault("/"),
      pop.fetch("https://fabrikam.vault.azure.net/"),
      pop.fetch("https://mtlstb.graph.microsoft.com/"),
    ]) {
      expect((await refusal(call)).code).toBe("token_not_bound");
    }
    expect(scopes.flat()).toEqual([
      "https://orders.example:8443/.default",
      "https://vault.azure.cn/.default",
      "https://vault.azure.net/.default",
      "https://graph.microsoft.com/.default",
    ]);
  });

  it.each<[string, unknown, string]>([
    ["no options", undefined, "invalid_options"],
    ["no tokens", { resources: {} }, "invalid_options"],
    ["tokens that acquire none", { tokens: {}, resources: {} }, "invalid_options"],
    ["an unknown option", { tokens: given(0), resource: {} }, "invalid_options"],
    ["an array of resources", { tokens: given(0), resources: [] }, "invalid_options"],
    ["a resource without base URL", { tokens: given(0), resources: { a: {} } }, "invalid_options"],
    ["a resource that is none", { tokens: given(0), resources: { a: null } }, "invalid_options"],
    ["a base URL over http", { tokens: given(0), resources: { a: { baseUrl: "http://a.example" } } }, "insecure_url"],
    ["a base URL that is none", { tokens: given(0), resources: { a: { baseUrl: "a.example" } } }, "invalid_options"],
    ["a base URL with a query", { tokens: given(0), resources: { a: { baseUrl: "https://a.example/?x" } } }, "invalid_options"],
    ["a base URL with user info", { tokens: given(0), resources: { a: { baseUrl: "https://u:p@a.example" } } }, "invalid_options"],
    [
      "two with one base URL",
      { tokens: given(0), resources: { a: { baseUrl: "https://a.example" }, b: { baseUrl: "https://A.example/" } } },
      "invalid_options",
    ],
    [
      "an unknown profile",
      { tokens: given(0), resources: { a: { baseUrl: "https://a.example", profile: "toString" } } },
      "invalid_options",
    ],
    [
      "the scheme Bearer",
      { tokens: given(0), resources: { a: { baseUrl: "https://a.example", authorizationScheme: "Bearer" } } },
      "invalid_options",
    ],
    [
      "TLS 1.1",
      { tokens: given(0), resources: { a: { baseUrl: "https://a.example", tls: { maxVersion: "TLSv1.1" } } } },
      "invalid_options",
    ],
    ["no connections", { tokens: given(0), resources: {}, maxConnectionsPerOrigin: 0 }, "invalid_options"],
    ["a transport option that does not exist", { tokens: given(0), resources: {}, transport: { timeout: 1 } }, "invalid_options"],
  ])("refuses %s", async (_what, options, code) => {
    expect((await refusal(() => createPopClients(options as PopClientsOptions<string>))).code).toBe(code);
  });
});
