import { Agent } from "node:https";
import { type BindingCertificate, ResourceCaller } from "@mtls-pop/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { byHand, signedUp, surroundings } from "../direct-flow.js";

// a thief has the token and everything else that is public, and a certificate of the same tenant's own, but not the victim's key
let around: Awaited<ReturnType<typeof surroundings>>;
let victim: Awaited<ReturnType<typeof signedUp>>;
let thief: Awaited<ReturnType<typeof signedUp>>;
beforeAll(async () => {
  around = await surroundings();
  victim = await signedUp(around);
  thief = await signedUp(around);
});
afterAll(() => around.emulator.close());

async function steal(scope: string): Promise<string> {
  return (await victim.application.acquireBoundToken({ scopes: [scope] })).accessToken;
}

/** Node by hand, over TLS 1.2, which every resource here takes, with a certificate or none. */
function agentWith(certificate?: BindingCertificate): Agent {
  const { ca, lookup } = around.emulator;
  return new Agent(
    certificate
      ? { secureContext: certificate.secureContext({ ca: [ca], maxVersion: "TLSv1.2" }), lookup }
      : { ca, lookup, maxVersion: "TLSv1.2" },
  );
}

const RESOURCES = [
  { name: "a vault", scope: () => "https://vault.azure.net/.default", url: () => around.secretUrl, scheme: "mtls_pop" },
  {
    name: "Graph",
    scope: () => "https://graph.microsoft.com/.default",
    url: () => `${around.emulator.graph.url}/v1.0/applications`,
    scheme: "mtls_pop",
  },
  {
    name: "an API of one's own",
    scope: () => around.emulator.customApi.scope,
    url: () => `${around.emulator.customApi.url}/echo`,
    scheme: "pop",
  },
] as const;

describe.each(RESOURCES)("a token stolen from $name's caller", ({ scope, url, scheme }) => {
  const call = (agent: Agent, token: string, as: string) =>
    byHand(url(), { agent, headers: { authorization: `${as} ${token}`, "x-ms-tokenboundauth": "true" } });

  it("is taken from its owner, so that the refusals below mean something", async () => {
    expect(await call(agentWith(victim.certificate), await steal(scope()), scheme)).toMatchObject({ status: 200 });
  });

  it("is refused over a connection with another certificate", async () => {
    expect(await call(agentWith(thief.certificate), await steal(scope()), scheme)).toMatchObject({ status: 401 });
  });

  it("is refused over a connection with no certificate", async () => {
    expect(await call(agentWith(), await steal(scope()), scheme)).toMatchObject({ status: 401 });
  });

  it("is refused as a Bearer token", async () => {
    expect(await call(agentWith(), await steal(scope()), "Bearer")).toMatchObject({ status: 401 });
  });

  it("is refused when its binding was rewritten to the thief's certificate", async () => {
    const [header, claims = "", signature] = (await steal(scope())).split(".");
    const rewritten = { ...JSON.parse(Buffer.from(claims, "base64url").toString()), cnf: { "x5t#S256": thief.certificate.x5tS256 } };
    const forged = [header, Buffer.from(JSON.stringify(rewritten)).toString("base64url"), signature].join(".");
    expect(await call(agentWith(thief.certificate), forged, scheme)).toMatchObject({ status: 401 });
  });
});

describe("a stolen token in the toolkit itself", () => {
  it("is refused with the vault's words when it is called with the thief's certificate", async () => {
    const { transport, resources } = around;
    const caller = new ResourceCaller(thief.certificate, { transport, resources });
    const popToken = await steal("https://vault.azure.net/.default");
    await expect(caller.callResource(around.secretUrl, { popToken })).rejects.toThrow(/MtlsCnfClaimRequestDataValidationFailed/);
    await caller.close();
  });

  it("cannot be exchanged for another one: the token endpoint wants the key as well", async () => {
    const application = (await signedUp(around, { clientId: victim.clientId })).application;
    await expect(application.acquireBoundToken({ scopes: ["https://vault.azure.net/.default"] })).rejects.toMatchObject({
      code: "invalid_client",
      aadErrorCodes: [700027],
    });
  });
});
