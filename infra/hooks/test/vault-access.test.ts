import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { postprovision } from "../src/postprovision.js";
import { type HookWorld, hookWorld } from "./hook-world.js";

let world: HookWorld;
beforeEach(async () => {
  world = await hookWorld();
  const { appId, id } = world.graph.add("keyvault-reader (dev)");
  await world.azd.set({ values: { APPLICATION_CLIENT_ID: appId, APPLICATION_OBJECT_ID: id } });
});
afterEach(() => world.close());

describe("a vault that does not let the hook in", () => {
  it("is waited for while the role assignment spreads, and the user told", async () => {
    world.vault.refuse = { times: 5, code: "ForbiddenByRbac" };
    const said = await world.run(postprovision);
    expect(said).toMatch(/Waiting for the role "Key Vault Secrets Officer" on https/);
    expect(world.emulator.keyVault.certificates.get("mtls-pop")).toBeDefined();
  });

  it("is given up after a while, with the role and the vault's words", async () => {
    world.vault.refuse = { times: 1000, code: "ForbiddenByRbac" };
    const error = expect.objectContaining({
      message: expect.stringContaining("The vault says Forbidden."),
      help: expect.stringMatching(/Give your account the role "Key Vault Secrets Officer"/),
    });
    await expect(world.run(postprovision)).rejects.toEqual(error);
  });

  it.each(["ForbiddenByFirewall", "ForbiddenByConnection"])("is not waited for when it says %s", async (code) => {
    world.vault.refuse = { times: 1000, code };
    await expect(world.run(postprovision)).rejects.toEqual(
      expect.objectContaining({ message: expect.stringContaining(code), help: expect.stringMatching(/azd env set ALLOWED_IP_ADDRESSES/) }),
    );
    expect(world.vault.requests).toHaveLength(1);
  });
});

describe("a vault that does not answer", () => {
  it.each([
    ["Setting the secret", 'Secret: "my-secret"'],
    ["Making the certificate", "Making the certificate"],
  ])("does not hang the hook: %s", async (doing, line) => {
    const pace = { pollMs: 1, retryMs: 1, answerMs: 60_000 };
    const fallSilent = (): void => {
      pace.answerMs = 200;
      world.vault.silent = 100;
    };
    if (doing.startsWith("Setting")) fallSilent();
    const error = expect.objectContaining({
      message: expect.stringMatching(new RegExp(`^${doing} .*TimeoutError.*did not answer`)),
      help: expect.stringMatching(/azd hooks run postprovision/),
    });
    await expect(world.run(postprovision, {}, { pace, say: (said) => said.startsWith(line) && fallSilent() })).rejects.toEqual(error);
  });
});
