import { createPopClients, type PopClients } from "@mtls-pop/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { signedUp, surroundings } from "../direct-flow.js";

// what an app may pass on from its own callers, who are not to be trusted
let around: Awaited<ReturnType<typeof surroundings>>;
let app: Awaited<ReturnType<typeof signedUp>>;
let pop: PopClients<"orders">;
beforeAll(async () => {
  around = await surroundings();
  app = await signedUp(around);
  const orders = { baseUrl: `${around.emulator.customApi.url}/echo/`, scope: around.emulator.customApi.scope };
  pop = createPopClients({ tokens: app.application, resources: { orders }, transport: around.transport });
});
beforeEach(() => around.emulator.forgetRequests());
// before a token is asked for
afterEach(() => expect(around.emulator.requests).toEqual([]));
afterAll(async () => {
  await pop.close();
  await around.emulator.close();
});

describe("a named client", () => {
  it.each([
    "//evil.example/x",
    "\\\\evil.example\\x",
    "/\t/evil.example/x",
    "https://evil.example/x",
    "javascript:alert(1)",
    "../headers",
    "%2e%2e/headers",
    "/../../headers",
  ])("does not leave its base URL for %j", async (input) => {
    await expect(pop.orders(input)).rejects.toMatchObject({ code: "off_origin_input" });
  });
});

describe("the fetch for all resources", () => {
  it.each([
    ["https://evil.example/x", "resource_not_configured"],
    ["https://contoso.vault.azure.net.evil.example/secrets/x", "resource_not_configured"],
    ["https://evilvault.azure.net/secrets/x", "resource_not_configured"],
    ["https://contoso.vault.azure.net:8443/secrets/x", "resource_not_configured"],
    ["http://contoso.vault.azure.net/secrets/x", "insecure_url"],
    ["https://contoso.vault.azure.net@evil.example/secrets/x", "invalid_options"],
  ])("does not go to %s", async (url, code) => {
    await expect(pop.fetch(url)).rejects.toMatchObject({ code });
  });
});

describe("a call's headers", () => {
  it("do not bring another credential", async () => {
    const headers = { AUTHORIZATION: "Bearer of-the-caller" };
    await expect(pop.orders("/1", { headers })).rejects.toMatchObject({ code: "authorization_header_refused" });
  });

  it.each(["host", "transfer-encoding", "connection"])("do not bring %s, which would change whom or what is asked", async (name) => {
    await expect(pop.orders("/1", { headers: { [name]: "evil.example" } })).rejects.toMatchObject({ code: "invalid_options" });
  });

  it("do not bring a line of their own", async () => {
    const headers = { "x-name": "a\r\nauthorization: Bearer x" };
    await expect(pop.orders("/1", { headers })).rejects.toMatchObject({ code: "invalid_options" });
  });
});

describe("a token request", () => {
  const scopes = ["https://vault.azure.net/.default"];

  it.each(["../contoso", "contoso/../x", "contoso?x=y", "contoso#x", "a b"])("does not take %j as a tenant", async (tenantId) => {
    const acquiring = app.application.acquireTokenByClientCredential({ scopes, mtlsProofOfPossession: true, tenantId });
    await expect(acquiring).rejects.toMatchObject({ code: "invalid_authority" });
  });

  it.each(["client_id", "scope", "token_type", "grant_type", "client_assertion"])("does not let a caller set %s", async (name) => {
    const extraBodyParameters = { [name]: "x" };
    const acquiring = app.application.acquireTokenByClientCredential({ scopes, mtlsProofOfPossession: true, extraBodyParameters });
    await expect(acquiring).rejects.toMatchObject({ code: "reserved_body_parameter" });
  });
});
