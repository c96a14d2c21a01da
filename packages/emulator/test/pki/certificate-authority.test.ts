import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { CertificateAuthority } from "../../src/pki/certificate-authority.js";

const DAY_MS = 86_400_000;

let ca: CertificateAuthority;
beforeAll(async () => {
  ca = await CertificateAuthority.create();
});

describe("issueCertificate", () => {
  it.each([
    ["RSA-2048", "rsa", { modulusLength: 2048 }],
    ["RSA-3072", "rsa", { modulusLength: 3072 }],
    ["EC-P256", "ec", { namedCurve: "prime256v1" }],
    ["EC-P384", "ec", { namedCurve: "secp384r1" }],
  ] as const)("makes a %s key and a certificate for it", async (keyType, asymmetricKeyType, details) => {
    const { certificatePem, privateKeyPem } = await ca.issueCertificate({ keyType });
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.publicKey.asymmetricKeyType).toBe(asymmetricKeyType);
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject(details);
    expect(certificate.checkPrivateKey(createPrivateKey(privateKeyPem))).toBe(true);
  });

  it("gives the subject, the hashes and the validity that stand in the certificate", async () => {
    const issued = await ca.issueCertificate({ subject: "CN=orders,O=Contoso", keyType: "EC-P256" });
    const certificate = new X509Certificate(issued.certificatePem);
    expect(certificate.subject).toBe("CN=orders\nO=Contoso");
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(issued.certificateDer).toEqual(certificate.raw);
    expect(issued.thumbprint).toBe(certificate.fingerprint.replaceAll(":", ""));
    expect(issued.thumbprintSha256).toBe(certificate.fingerprint256.replaceAll(":", ""));
    expect(issued.x5tS256).toBe(createHash("sha256").update(certificate.raw).digest("base64url"));
    expect(issued.notAfter).toEqual(new Date(certificate.validTo));
    expect(issued.notBefore.getTime()).toBeLessThan(Date.now());
  });

  it("signs by the root, and by the intermediate where that is asked for", async () => {
    const root = new X509Certificate(ca.rootPem);
    const intermediate = new X509Certificate(ca.intermediatePem);
    expect(intermediate.verify(root.publicKey)).toBe(true);

    const direct = await ca.issueCertificate({ keyType: "EC-P256" });
    expect(new X509Certificate(direct.certificatePem).verify(root.publicKey)).toBe(true);
    expect(direct.chainPem).toBe(direct.certificatePem);

    const chained = await ca.issueCertificate({ keyType: "EC-P256", intermediate: true });
    expect(new X509Certificate(chained.certificatePem).checkIssued(intermediate)).toBe(true);
    expect(new X509Certificate(chained.certificatePem).verify(intermediate.publicKey)).toBe(true);
    expect(chained.chainPem).toBe(chained.certificatePem + ca.intermediatePem);
  });

  it("renews with the same key: another certificate, another hash, the same public key", async () => {
    const first = await ca.issueCertificate({ keyType: "EC-P256" });
    const second = await ca.issueCertificate({ privateKey: first.privateKeyPem });
    expect(second.privateKeyPem).toBe(first.privateKeyPem);
    expect(second.x5tS256).not.toBe(first.x5tS256);
    expect(new X509Certificate(second.certificatePem).publicKey.equals(new X509Certificate(first.certificatePem).publicKey)).toBe(true);
  });

  it("refuses a validity that ends before it begins", async () => {
    const notBefore = new Date();
    await expect(ca.issueCertificate({ keyType: "EC-P256", notBefore, notAfter: notBefore })).rejects.toThrow(RangeError);
  });
});

describe("standing", () => {
  it("is good for a certificate of the root and of the intermediate", async () => {
    const direct = await ca.issueCertificate({ keyType: "EC-P256" });
    const chained = await ca.issueCertificate({ keyType: "EC-P256", intermediate: true });
    expect(ca.standing(direct.certificatePem)).toBe("good");
    expect(ca.standing(chained.certificateDer)).toBe("good");
  });

  it("tells expired, not yet valid and foreign certificates apart", async () => {
    const expired = await ca.issueCertificate({ keyType: "EC-P256", notAfter: new Date(Date.now() - DAY_MS) });
    const early = await ca.issueCertificate({ keyType: "EC-P256", notBefore: new Date(Date.now() + DAY_MS) });
    const foreign = await (await CertificateAuthority.create()).issueCertificate({ keyType: "EC-P256" });
    expect(ca.standing(expired.certificatePem)).toBe("expired");
    expect(ca.standing(early.certificatePem)).toBe("not-yet-valid");
    expect(ca.standing(foreign.certificatePem)).toBe("unknown-issuer");
  });

  it("refuses an unknown option by its name", async () => {
    const options: object = { expiresOn: new Date() };
    await expect(ca.issueCertificate(options)).rejects.toThrow("issueCertificate: `expiresOn` is not an option. Known: subject, keyType,");
  });

  it("revokes one certificate and not its renewal", async () => {
    const first = await ca.issueCertificate({ keyType: "EC-P256" });
    const renewed = await ca.issueCertificate({ privateKey: first.privateKeyPem });
    ca.revoke(first.certificatePem);
    expect(ca.standing(first.certificateDer)).toBe("revoked");
    expect(ca.standing(renewed.certificateDer)).toBe("good");
  });
});

describe("serverCredentials", () => {
  it("issues one certificate a name, also when asked twice at once", async () => {
    const [first, second] = await Promise.all([ca.serverCredentials("vault.example"), ca.serverCredentials("vault.example")]);
    expect(first).toBe(second);
    expect(new X509Certificate(first.cert).checkHost("vault.example")).toBe("vault.example");
    expect(new X509Certificate(first.cert).checkHost("other.example")).toBeUndefined();
  });
});
