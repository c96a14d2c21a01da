import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DeployedSample, deployedSample } from "./deployed-sample.js";

const DAY_MS = 24 * 60 * 60 * 1000;

let sample: DeployedSample;

beforeAll(async () => {
  sample = await deployedSample();
});

afterAll(() => sample.close());

describe("the timer", () => {
  it.each([
    ["expired", -1, "error", "expired on"],
    ["soon", 29, "warning", "expires on"],
    ["later", 31, "information", "is good until"],
  ])("tells of a secret that is %s", async (name, days, level, words) => {
    const expiresOn = new Date(Date.now() + days * DAY_MS);
    sample.emulator.keyVault.secrets.set(name, { value: "s3cret", expiresOn });
    const host = await sample.host({ CHECKED_SECRET_NAME: name });
    await host.invoke("checkExpiry");
    const day = expiresOn.toISOString().slice(0, 10);
    expect(host.logs).toEqual([
      expect.objectContaining({ level, message: expect.stringContaining(`The secret "${name}" ${words} ${day}`) }),
    ]);
  });

  it("warns of a secret that never expires, and never logs its value", async () => {
    const host = await sample.host();
    await host.invoke("checkExpiry");
    expect(host.logs).toEqual([expect.objectContaining({ level: "warning", message: 'The secret "my-secret" never expires.' })]);
  });

  it("fails when there is no such secret, so that the host counts the run as failed", async () => {
    const host = await sample.host({ CHECKED_SECRET_NAME: "none" });
    await expect(host.invoke("checkExpiry")).rejects.toThrow('The vault answered 404 for the secret "none"');
  });

  it("refuses a name that no secret has before the vault is called", async () => {
    const host = await sample.host({ CHECKED_SECRET_NAME: "../keys" });
    await expect(host.invoke("checkExpiry")).rejects.toThrow("The name of a secret is");
    expect(sample.vaultRequests()).toEqual([]);
  });

  it("fails with the toolkit's error when no token can be had", async () => {
    const host = await sample.host({ AZURE_TENANT_ID: "" });
    await expect(host.invoke("checkExpiry")).rejects.toMatchObject({ code: "settings_missing" });
  });
});
