import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { postprovision } from "../src/postprovision.js";
import type { FakeApplication } from "./fake-graph.js";
import { type HookWorld, hookWorld } from "./hook-world.js";
import { serviceError } from "./json-server.js";

let world: HookWorld;
let application: FakeApplication;
beforeEach(async () => {
  world = await hookWorld();
  application = world.graph.add("keyvault-reader (dev)");
  await world.azd.set({ values: { APPLICATION_CLIENT_ID: application.appId, APPLICATION_OBJECT_ID: application.id } });
});
afterEach(() => world.close());

describe("postprovision of the federated variant", () => {
  const federated = { MTLS_POP_CREDENTIAL: "federated" };

  it("lets the managed identity stand for the application, without a certificate of its own", async () => {
    const said = await world.run(postprovision, federated);
    expect(application.federatedIdentityCredentials).toEqual([
      expect.objectContaining({
        name: "mtls-pop-managed-identity",
        issuer: `https://login.microsoftonline.com/${world.tenantId}/v2.0`,
        subject: "bbbbbbbb-0000-0000-0000-000000000001",
        audiences: ["api://AzureADTokenExchange"],
      }),
    ]);
    expect(application.keyCredentials).toEqual([]);
    expect(said).toContain("AADSTS51000");
    expect(said).toContain("mtls_pop_not_supported_for_environment");
  });

  it("changes nothing when it runs again", async () => {
    await world.run(postprovision, federated);
    const { length } = world.graph.server.changes();
    await world.run(postprovision, federated);
    expect(world.graph.server.changes()).toHaveLength(length);
  });

  it("follows an identity that was made anew, and leaves others' credentials alone", async () => {
    application.federatedIdentityCredentials.push({
      id: "1",
      name: "github",
      issuer: "https://token.actions.githubusercontent.com",
      subject: "repo",
    });
    await world.run(postprovision, federated);
    await world.run(postprovision, { ...federated, MANAGED_IDENTITY_PRINCIPAL_ID: "bbbbbbbb-0000-0000-0000-000000000002" });
    expect(application.federatedIdentityCredentials.map(({ name, subject }) => [name, subject])).toEqual([
      ["github", "repo"],
      ["mtls-pop-managed-identity", "bbbbbbbb-0000-0000-0000-000000000002"],
    ]);
  });

  it("says in Graph's words that somebody else's credential is in the way", async () => {
    const issuer = `https://login.microsoftonline.com/${world.tenantId}/v2.0`;
    const theirs = { id: "1", name: "theirs", issuer, subject: "bbbbbbbb-0000-0000-0000-000000000001", audiences: ["api://other"] };
    application.federatedIdentityCredentials.push(theirs);
    const error = expect.objectContaining({
      message: expect.stringContaining("same issuer and subject already exists"),
      help: expect.stringContaining("federated credentials"),
    });
    await expect(world.run(postprovision, federated)).rejects.toEqual(error);
    expect(application.federatedIdentityCredentials).toEqual([theirs]);
  });

  it("looks again when somebody else was faster", async () => {
    world.graph.onRequest = ({ method }) => {
      if (method !== "POST") return;
      world.graph.onRequest = () => {};
      world.graph.next.push(serviceError(409, "Request_MultipleObjectsWithSameKeyValue", "It exists already."));
    };
    await world.run(postprovision, federated);
    expect(application.federatedIdentityCredentials).toHaveLength(1);
  });
});
