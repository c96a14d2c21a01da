import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collected, type Sdk, sdk } from "./sdk.js";

let world: Sdk;
let clients: ReturnType<Sdk["clients"]>;
beforeAll(async () => {
  world = await sdk();
  clients = world.clients();
});
afterAll(async () => {
  await clients.httpClient.close();
  await world.close();
});
const pem = () => `${world.issued.certificatePem}\n${world.issued.privateKeyPem}`;

describe("the SDK's CertificateClient", () => {
  it("imports a certificate, reads it, and its secret has the key", async () => {
    const { certificates, secrets } = clients;
    const policy = { contentType: "application/x-pem-file", issuerName: "Unknown" } as const;
    const imported = await certificates.importCertificate("tls", Buffer.from(pem()), { policy });
    const read = await certificates.getCertificate("tls");
    expect(read.name).toBe("tls");
    expect(read.properties).toEqual(imported.properties);
    expect(Buffer.from(read.cer ?? [])).toEqual(world.issued.certificateDer);
    expect(read.properties.x509ThumbprintString?.toUpperCase()).toBe(world.certificate.thumbprint);
    expect((await secrets.getSecret("tls")).value).toBe(pem());
    expect(world.vaultRequests().every(({ headers }) => headers["authorization"]?.startsWith("mtls_pop "))).toBe(true);
  });

  it("lists certificates and versions over several pages", async () => {
    for (let index = 0; index < 30; index++) world.emulator.keyVault.certificates.import("versioned", pem());
    const { certificates } = clients;
    const versions = await collected(certificates.listPropertiesOfCertificateVersions("versioned"));
    expect(versions.map(({ version }) => version)).toEqual(
      world.emulator.keyVault.certificates.versions("versioned").map(({ version }) => version),
    );
    expect((await collected(certificates.listPropertiesOfCertificates())).map(({ name }) => name)).toContain("versioned");
    const [first] = versions;
    const read = await certificates.getCertificateVersion("versioned", first?.version ?? "");
    expect(read.properties.version).toBe(first?.version);
  });

  it("deletes one, and tells a 404, a 403 and a 429", async () => {
    world.emulator.keyVault.certificates.import("gone", pem());
    const { certificates } = clients;
    const deleted = await (await certificates.beginDeleteCertificate("gone", { intervalInMs: 1 })).pollUntilDone();
    expect(deleted.name).toBe("gone");
    await expect(certificates.getCertificate("gone")).rejects.toMatchObject({ statusCode: 404, code: "CertificateNotFound" });
    world.emulator.keyVault.restrictTo(["somebody-else"]);
    await expect(certificates.getCertificate("gone")).rejects.toMatchObject({ statusCode: 403 });
    world.emulator.keyVault.restrictTo("everyone");
    world.emulator.faults.add({ on: "key-vault", kind: "throttle", retryAfterSeconds: 0, times: 3 });
    await expect(certificates.getCertificate("gone")).rejects.toMatchObject({ statusCode: 429 });
  });
});
