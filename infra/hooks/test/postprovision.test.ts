import { X509Certificate } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { postprovision } from "../src/postprovision.js";
import { preprovision } from "../src/preprovision.js";
import { type HookWorld, hookWorld } from "./hook-world.js";
import { serviceError } from "./json-server.js";
import { selfSigned } from "./self-signed.js";

let world: HookWorld;
beforeEach(async () => {
  world = await hookWorld();
  // what preprovision leaves, without the time that its calls of azd take
  const { appId, id } = world.graph.add("keyvault-reader (dev)");
  await world.azd.set({ values: { APPLICATION_CLIENT_ID: appId, APPLICATION_OBJECT_ID: id } });
});
afterEach(() => world.close());

const application = () => world.graph.applications[0] ?? world.graph.add("none");
const stored = (name = "mtls-pop") => world.emulator.keyVault.certificates.get(name);
const help = (words: RegExp) => expect.objectContaining({ help: expect.stringMatching(words) });

/** A certificate in the app registration, as Graph has it. */
async function registered(displayName: string, validity: { notBefore?: Date; notAfter?: Date } = {}) {
  const { certificatePem } = await selfSigned({ subject: "CN=earlier", ...validity });
  const certificate = new X509Certificate(certificatePem);
  const credential = {
    keyId: displayName,
    displayName,
    type: "AsymmetricX509Cert",
    usage: "Verify",
    customKeyIdentifier: certificate.fingerprint.replaceAll(":", ""),
    endDateTime: new Date(certificate.validTo).toISOString(),
    key: certificate.raw.toString("base64"),
  };
  application().keyCredentials.push(credential);
  return credential;
}
const past = { notBefore: new Date("2024-01-01"), notAfter: new Date("2025-01-01") };

describe("postprovision", () => {
  it("goes on from what preprovision has made", async () => {
    world.graph.applications.length = 0;
    await world.azd.set({ values: {} });
    await world.run(preprovision);
    await world.run(postprovision);
    expect(application().keyCredentials).toHaveLength(1);
  });

  it("has the certificate made as a client's that the app can load", async () => {
    await world.run(postprovision);
    expect(world.vault.policies).toEqual([
      expect.objectContaining({
        issuer: expect.objectContaining({ name: "Self" }),
        x509_props: expect.objectContaining({ subject: "CN=dev.keyvault-reader", validity_months: 12, ekus: ["1.3.6.1.5.5.7.3.2"] }),
        key_props: { exportable: true, kty: "RSA", key_size: 2048, reuse_key: false },
        secret_props: { contentType: "application/x-pkcs12" },
        lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: "AutoRenew" } }],
      }),
    ]);
  });

  it("has it made as the settings say", async () => {
    await world.run(postprovision, {
      CERTIFICATE_NAME: "signed",
      CERTIFICATE_SUBJECT: "CN=app.example.com",
      CERTIFICATE_ISSUER: "my-authority",
      CERTIFICATE_VALIDITY_MONTHS: "3",
    });
    expect(world.vault.policies).toEqual([
      expect.objectContaining({
        issuer: expect.objectContaining({ name: "my-authority" }),
        x509_props: expect.objectContaining({ subject: "CN=app.example.com", validity_months: 3 }),
      }),
    ]);
    expect(stored("signed")).toBeDefined();
  });

  it("names it no longer than a certificate allows, whatever the environment's name", async () => {
    await world.run(postprovision, { AZURE_ENV_NAME: "e".repeat(64) });
    expect(world.vault.policies[0]?.x509_props.subject).toBe(`CN=${"e".repeat(48)}.keyvault-reader`);
  });

  it("registers it with the application, beside what is there", async () => {
    const theirs = await registered("somebody's", past);
    await world.run(postprovision);
    const [first, ours, ...more] = application().keyCredentials;
    expect([first, more]).toEqual([theirs, []]);
    expect(ours).toMatchObject({
      type: "AsymmetricX509Cert",
      usage: "Verify",
      displayName: "azd: mtls-pop",
      key: stored()?.der.toString("base64"),
    });
  });

  it("sets a random secret, and prints none of it", async () => {
    const said = await world.run(postprovision);
    const { value } = world.emulator.keyVault.secrets.get("my-secret") ?? {};
    expect(value).toMatch(/^[\w-]{32}$/);
    expect(said).not.toContain(value);
    expect(said).not.toMatch(/eyJ|PRIVATE KEY|graph-token|arm-token/);
  });

  it("changes nothing when it runs again", async () => {
    await world.run(postprovision);
    const before = [world.vault.changes(), world.graph.server.changes(), await world.azd.read()] as const;
    const said = await world.run(postprovision);
    expect([world.vault.changes(), world.graph.server.changes()]).toEqual(before.slice(0, 2));
    expect((await world.azd.read()).values).toEqual(before[2].values);
    expect(said).toContain("the certificate is registered already.\n");
  });

  it("says so when a certificate that is there does not follow the settings", async () => {
    const settings = { CERTIFICATE_ISSUER: "my-authority" };
    const said = [await world.run(postprovision, settings), await world.run(postprovision, settings), await world.run(postprovision)];
    expect(said.map((words) => words.includes("CERTIFICATE_ISSUER is my-authority, but that one has Unknown"))).toEqual([
      false,
      true,
      false,
    ]);
    expect(world.vault.policies).toHaveLength(1);
  });

  it("leaves a secret alone that is there, and does not read it", async () => {
    world.emulator.keyVault.secrets.set("my-secret", "theirs");
    await world.run(postprovision);
    expect(world.emulator.keyVault.secrets.versions("my-secret")).toHaveLength(1);
    expect(world.vault.requests).not.toContain("GET /secrets/my-secret/");
  });

  it("says what the tenant's administrator has to do, and why", async () => {
    const said = await world.run(postprovision);
    for (const words of [
      "AADSTS392189",
      "AADSTS51000",
      application().appId,
      "CN=dev.keyvault-reader",
      "self-signed",
      "trustedCertificateSubjects",
      "azd env set CERTIFICATE_NAME",
      "Functions issues none today",
    ]) {
      expect(said).toContain(words);
    }
  });
});

describe("a certificate that rolls over", () => {
  it("is registered beside the one before, which stays until it ends", async () => {
    const before = await registered("azd: mtls-pop");
    await world.run(postprovision);
    expect(application().keyCredentials).toEqual([before, expect.objectContaining({ key: stored()?.der.toString("base64") })]);
  });

  it("takes away those of ours that have ended", async () => {
    await registered("azd: mtls-pop", past);
    const theirs = await registered("theirs", past);
    const said = await world.run(postprovision);
    expect(application().keyCredentials).toEqual([theirs, expect.objectContaining({ displayName: "azd: mtls-pop" })]);
    expect(said).toContain("ended ones that are gone now: 1");
  });

  it("takes them away where the new one is registered already, too", async () => {
    await world.run(postprovision);
    const present = [...application().keyCredentials];
    await registered("azd: mtls-pop", past);
    await world.run(postprovision);
    expect(application().keyCredentials).toEqual(present);
  });

  it("is recognised by the thumbprint that Graph shows as base64", async () => {
    await world.run(postprovision);
    const [credential] = application().keyCredentials;
    const thumbprint = Buffer.from(String(credential?.["customKeyIdentifier"]), "hex").toString("base64");
    Object.assign(credential ?? {}, { key: null, customKeyIdentifier: thumbprint });
    const { length } = world.graph.server.changes();
    await world.run(postprovision);
    expect(world.graph.server.changes()).toHaveLength(length);
  });

  it("is made anew where the one that is there has ended", async () => {
    const { certificatePem, privateKeyPem } = await selfSigned({ subject: "CN=old", ...past });
    world.emulator.keyVault.certificates.import("mtls-pop", `${certificatePem}\n${privateKeyPem}`);
    await world.run(postprovision);
    expect(world.emulator.keyVault.certificates.versions("mtls-pop")).toHaveLength(2);
  });
});

describe("an issuer", () => {
  it("that has begun already is waited for, and not asked again", async () => {
    world.vault.looksUntilMade = 1000;
    await expect(world.run(postprovision, { CERTIFICATE_ISSUER: "slow" })).rejects.toEqual(help(/pending operation/));
    world.vault.looksUntilMade = 2;
    world.vault.hurry("mtls-pop");
    await world.run(postprovision, { CERTIFICATE_ISSUER: "slow" });
    expect(world.vault.policies).toHaveLength(1);
    expect(application().keyCredentials).toHaveLength(1);
  });

  it("that has begun to follow one that has ended is waited for, too", async () => {
    const { certificatePem, privateKeyPem } = await selfSigned({ subject: "CN=old", ...past });
    world.emulator.keyVault.certificates.import("mtls-pop", `${certificatePem}\n${privateKeyPem}`);
    world.vault.looksUntilMade = 1000;
    await expect(world.run(postprovision, { CERTIFICATE_ISSUER: "slow" })).rejects.toEqual(help(/pending operation/));
    world.vault.hurry("mtls-pop", 2);
    await world.run(postprovision, { CERTIFICATE_ISSUER: "slow" });
    expect(world.vault.policies).toHaveLength(1);
    expect(application().keyCredentials).toHaveLength(1);
  });

  it("that refuses is quoted, and is asked anew in the next run", async () => {
    world.vault.failure = { code: "Denied", message: "The authority does not know this name." };
    await expect(world.run(postprovision, { CERTIFICATE_ISSUER: "strict" })).rejects.toThrow(/The authority does not know this name/);
    world.vault.failure = undefined;
    await world.run(postprovision, { CERTIFICATE_ISSUER: "strict" });
    expect(world.vault.policies).toHaveLength(2);
  });

  it("that is the user, by hand, is given the request", async () => {
    await expect(world.run(postprovision, { CERTIFICATE_ISSUER: "Unknown" })).rejects.toEqual(help(/pending show .*pending merge/));
    expect(world.vault.policies[0]?.lifetime_actions[0]?.action.action_type).toBe("EmailContacts");
  });
});

describe("settings and states that cannot be", () => {
  it.each([
    ["CERTIFICATE_VALIDITY_MONTHS", "0"],
    ["CERTIFICATE_VALIDITY_MONTHS", "a year"],
    ["CERTIFICATE_SUBJECT", "app.example.com"],
    ["MTLS_POP_CREDENTIAL", "secret"],
  ])("%s=%s is refused, before a certificate is made", async (name, value) => {
    await expect(world.run(postprovision, { [name]: value })).rejects.toEqual(help(new RegExp(`azd env set ${name}`)));
    expect(world.vault.policies).toEqual([]);
  });

  it("the outputs of Bicep are missing", async () => {
    await expect(world.run(postprovision, { KEY_VAULT_URL: "" })).rejects.toEqual(help(/azd provision/));
  });

  it("a disabled certificate is not replaced", async () => {
    const { certificatePem, privateKeyPem } = await selfSigned({ subject: "CN=off" });
    world.emulator.keyVault.certificates.import("mtls-pop", `${certificatePem}\n${privateKeyPem}`);
    world.emulator.keyVault.certificates.update("mtls-pop", undefined, { enabled: false });
    await expect(world.run(postprovision)).rejects.toEqual(help(/set-attributes/));
    expect(world.vault.policies).toEqual([]);
  });

  it("a deleted secret of the name is not replaced", async () => {
    world.emulator.keyVault.secrets.set("my-secret", "deleted");
    world.emulator.keyVault.secrets.softDelete("my-secret");
    await expect(world.run(postprovision)).rejects.toEqual(help(/recover/));
  });

  it("a deleted certificate of the name is not replaced", async () => {
    world.vault.deleted.add("mtls-pop");
    const error = expect.objectContaining({
      message: expect.stringMatching(/409, ObjectIsDeletedButRecoverable/),
      help: expect.stringMatching(/az keyvault certificate recover/),
    });
    await expect(world.run(postprovision)).rejects.toEqual(error);
    expect(application().keyCredentials).toEqual([]);
  });

  it("a policy of the tenant that refuses the certificate is quoted", async () => {
    world.graph.onRequest = ({ method }) => {
      if (method === "PATCH")
        world.graph.next.push(serviceError(400, "CredentialInvalidLifetimeAsPerAppPolicy", "Too long for this tenant."));
    };
    const error = expect.objectContaining({
      message: expect.stringContaining("Too long for this tenant."),
      help: expect.stringMatching(/VALIDITY_MONTHS/),
    });
    await expect(world.run(postprovision)).rejects.toEqual(error);
  });
});
