import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { BoundTokenSource } from "../../src/application/bound-token-source.js";
import { createPopFetch } from "../../src/resource/pop-fetch.js";
import { startRfc8705Server } from "../rfc8705-server.js";

let server: Awaited<ReturnType<typeof startRfc8705Server>>;
beforeAll(async () => {
  server = await startRfc8705Server();
});
afterAll(() => server.close());
beforeEach(() => void server.requests.splice(0));

/** A fetch with this server's tokens for one resource. */
function fetchFor(
  name: string,
  over: { profile?: "key-vault"; authorizationScheme?: "pop" } = {},
  tokens: BoundTokenSource = server.application(),
) {
  const { transport } = server;
  return createPopFetch({ tokens, transport, resources: { orders: { baseUrl: server.resource(name), scope: "orders.read", ...over } } });
}

describe("a bound token that its server calls Bearer", () => {
  it("goes under that name, over a connection with its certificate", async () => {
    const popFetch = fetchFor("orders");
    expect((await popFetch(`${server.resource("orders")}/1`)).status).toBe(200);
    const [call] = server.requests.filter(({ host }) => host === "orders.example");
    expect(call?.headers["authorization"]).toMatch(/^Bearer ey/);
    expect(call?.clientCertificate?.toString("base64")).toBe(server.certificate.x5c[0]);
    await popFetch.close();
  });

  it("goes as `pop` where the resource is set so", async () => {
    const popFetch = fetchFor("orders", { authorizationScheme: "pop" });
    await popFetch(`${server.resource("orders")}/1`);
    expect(server.requests.at(-1)?.headers["authorization"]).toMatch(/^pop ey/);
    await popFetch.close();
  });

  it("goes to no vault", async () => {
    const popFetch = fetchFor("vault", { profile: "key-vault" });
    await expect(popFetch(`${server.resource("vault")}/secrets/x`)).rejects.toMatchObject({ code: "resource_not_configured" });
    expect(server.requests.filter(({ host }) => host === "vault.example")).toEqual([]);
    await popFetch.close();
  });

  it("is refused when somebody else says it of a token", async () => {
    const result = await server.application().acquireBoundToken({ scopes: ["orders.read"] });
    const { accessToken, tokenType, bindingCertificate } = result;
    const forged = { acquireBoundToken: async () => ({ accessToken, tokenType, bindingCertificate }) };
    const popFetch = fetchFor("orders", {}, forged);
    await expect(popFetch(`${server.resource("orders")}/1`)).rejects.toMatchObject({ code: "token_not_bound" });
    expect(server.requests.filter(({ host }) => host === "orders.example")).toEqual([]);
    await popFetch.close();
  });
});
