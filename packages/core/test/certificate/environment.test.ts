import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { certificateFromEnvironment } from "../../src/certificate/environment.js";
import { fixture, type IssuedCertificate, issue, PASSPHRASE, refusal } from "./authority.js";

let issued: IssuedCertificate;
let pem: string;

beforeAll(async () => {
  issued = await issue();
  pem = issued.chainPem + issued.privateKeyPem;
});

describe("a certificate from the environment", () => {
  it("is the file that AZURE_CLIENT_CERTIFICATE_PATH names, opened with AZURE_CLIENT_CERTIFICATE_PASSWORD", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mtls-pop-"));
    try {
      const path = join(folder, "app.pfx");
      await writeFile(path, fixture("aes256-p256.pfx"));
      const env = { AZURE_CLIENT_CERTIFICATE_PATH: path, AZURE_CLIENT_CERTIFICATE_PASSWORD: PASSPHRASE };
      expect((await certificateFromEnvironment({ env })()).subject).toBe("CN=fixture-p256");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is the content of MTLS_POP_CLIENT_CERTIFICATE: a PEM or PFX in base64, or a PEM as it is", async () => {
    const pfx = {
      MTLS_POP_CLIENT_CERTIFICATE: fixture("aes256-p256.pfx").toString("base64"),
      AZURE_CLIENT_CERTIFICATE_PASSWORD: PASSPHRASE,
    };
    expect((await certificateFromEnvironment({ env: pfx })()).subject).toBe("CN=fixture-p256");
    for (const content of [Buffer.from(pem).toString("base64"), pem]) {
      const source = certificateFromEnvironment({ env: { MTLS_POP_CLIENT_CERTIFICATE: content } });
      expect((await source()).thumbprint).toBe(issued.thumbprint);
    }
  });

  it("is loaded once for all who ask, and is there without waiting from then on", async () => {
    const source = certificateFromEnvironment({ env: { MTLS_POP_CLIENT_CERTIFICATE: pem } });
    const [one, two] = await Promise.all([source(), source()]);
    expect(one).toBe(two);
    expect(source()).toBe(one);
  });

  it("counts a setting that is empty as one that is not there", async () => {
    const env = { AZURE_CLIENT_CERTIFICATE_PATH: " ", MTLS_POP_CLIENT_CERTIFICATE: pem, AZURE_CLIENT_CERTIFICATE_PASSWORD: "" };
    expect((await certificateFromEnvironment({ env })()).thumbprint).toBe(issued.thumbprint);
  });

  it("is refused once it has expired", async () => {
    let time = Date.now();
    const source = certificateFromEnvironment({ env: { MTLS_POP_CLIENT_CERTIFICATE: pem }, now: () => time });
    await source();
    time = issued.notAfter.getTime() + 1;
    expect((await refusal(async () => source())).code).toBe("certificate_expired");
  });
});

describe("an environment that is refused", () => {
  it("names no certificate: the message names the variables and what to do instead of an operating system's store", async () => {
    const { code, message } = await refusal(() => certificateFromEnvironment({ env: {} }));
    expect(code).toBe("certificate_not_configured");
    for (const words of [
      "AZURE_CLIENT_CERTIFICATE_PATH",
      "MTLS_POP_CLIENT_CERTIFICATE",
      "AZURE_CLIENT_CERTIFICATE_PASSWORD",
      "Windows",
      "keychain",
    ]) {
      expect(message).toContain(words);
    }
  });

  it("names two certificates", async () => {
    const env = { AZURE_CLIENT_CERTIFICATE_PATH: "/app.pem", MTLS_POP_CLIENT_CERTIFICATE: pem };
    const { code, message } = await refusal(() => certificateFromEnvironment({ env }));
    expect(code).toBe("invalid_options");
    expect(message).toContain("Both AZURE_CLIENT_CERTIFICATE_PATH and MTLS_POP_CLIENT_CERTIFICATE are set");
  });

  it("CFG-07 holds content of another kind, and the variable is named but not shown", async () => {
    for (const content of ["c29tZXRoaW5nIGVsc2U=", "something else", Buffer.from(issued.certificateDer).toString("base64")]) {
      const { code, message } = await refusal(async () => certificateFromEnvironment({ env: { MTLS_POP_CLIENT_CERTIFICATE: content } })());
      expect(code).toBe("certificate_malformed");
      expect(message).toMatch(/^The variable MTLS_POP_CLIENT_CERTIFICATE: /);
      expect(message).not.toContain(content);
    }
  });
});
