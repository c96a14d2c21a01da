import { generateKeyPairSync, X509Certificate } from "node:crypto";
import forge from "node-forge";
import { beforeAll, describe, expect, it } from "vitest";
import { childrenOf, readElement, TAG } from "../../src/certificate/ber.js";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { authority, fixture, type IssuedCertificate, PASSPHRASE, refusal } from "./authority.js";

let rsa: IssuedCertificate;

beforeAll(async () => {
  rsa = await authority.issueCertificate({ subject: "CN=rsa" });
});

type ForgeOptions = Parameters<typeof forge.pkcs12.toPkcs12Asn1>[3];

/** A PFX as node-forge writes it, which it can for RSA keys; `null` is no passphrase at all. */
function forgePfx(certificates: readonly string[], keyPem: string | null, passphrase: string | null, options?: ForgeOptions): Buffer {
  const key = keyPem === null ? null : forge.pki.privateKeyFromPem(keyPem);
  const parsed = certificates.map((pem) => forge.pki.certificateFromPem(pem));
  return Buffer.from(forge.asn1.toDer(forge.pkcs12.toPkcs12Asn1(key, parsed, passphrase, options)).getBytes(), "latin1");
}

/** The same PFX in the form that the macOS keychain writes: no lengths, and octet strings in pieces. */
function withoutLengths(der: Buffer): Buffer {
  const { tag, contents } = readElement(der);
  const indefinite = (inner: Buffer, constructed: number) => Buffer.concat([Buffer.of(constructed, 0x80), inner, Buffer.of(0, 0)]);
  if (tag === TAG.octetString || tag === 0x80) {
    const pieces = [contents.subarray(0, 7), contents.subarray(7, 100), contents.subarray(100)].filter(({ length }) => length > 0);
    const asOctetStrings = pieces.map((piece) => {
      const length = piece.length < 0x80 ? Buffer.of(piece.length) : Buffer.of(0x82, piece.length >> 8, piece.length & 0xff);
      return Buffer.concat([Buffer.of(TAG.octetString), length, piece]);
    });
    return indefinite(Buffer.concat(asOctetStrings), tag | 0x20);
  }
  if ((tag & 0x20) === 0) return readElement(der).raw;
  return indefinite(Buffer.concat(childrenOf(readElement(der)).map(({ raw }) => withoutLengths(raw))), tag);
}

describe("a PFX that is taken", () => {
  it.each([
    ["aes256-rsa-chain.pfx", "CN=fixture-rsa", "PS256", 3],
    ["aes256-p256.pfx", "CN=fixture-p256", "ES256", 1],
    ["aes256-p256-sha512-mac.pfx", "CN=fixture-p256", "ES256", 1],
    ["aes256-p256-no-mac.pfx", "CN=fixture-p256", "ES256", 1],
    ["3des-rsa.pfx", "CN=fixture-rsa", "PS256", 1],
    ["3des-p384.pfx", "CN=fixture-p384", "ES384", 1],
    ["3des2-p256.pfx", "CN=fixture-p256", "ES256", 1],
    ["rc2-40-rsa-chain.pfx", "CN=fixture-rsa", "PS256", 3],
    ["rc2-40-p256.pfx", "CN=fixture-p256", "ES256", 1],
    ["rc2-128-p384.pfx", "CN=fixture-p384", "ES384", 1],
  ])("is OpenSSL's %s", async (name, subject, signatureAlgorithm, chainLength) => {
    const certificate = await BindingCertificate.fromPfx(fixture(name), { passphrase: PASSPHRASE });
    expect(certificate).toMatchObject({ subject, signatureAlgorithm });
    expect(certificate.x5c).toHaveLength(chainLength);
    expect(await certificate.sign(Buffer.from("data"))).toBeInstanceOf(Uint8Array);
  });

  it.each(["3des", "aes128", "aes192", "aes256"] as const)("is node-forge's with %s", async (algorithm) => {
    const pfx = forgePfx([rsa.certificatePem], rsa.privateKeyPem, PASSPHRASE, { algorithm });
    expect((await BindingCertificate.fromPfx(pfx, { passphrase: PASSPHRASE })).subject).toBe("CN=rsa");
  });

  it("has its chain put in order: leaf, issuing CA, root", async () => {
    const { x5c } = await BindingCertificate.fromPfx(fixture("aes256-rsa-chain.pfx"), { passphrase: PASSPHRASE });
    const subjects = x5c.map((der) => new X509Certificate(Buffer.from(der, "base64")).subject);
    expect(subjects).toEqual(["CN=fixture-rsa", "CN=Fixture issuing CA", "CN=Fixture root"]);
  });

  it("opens with an empty passphrase, which is given, or left out, or was none at all when it was written", async () => {
    const written = [
      fixture("aes256-p256-empty-passphrase.pfx"),
      forgePfx([rsa.certificatePem], rsa.privateKeyPem, "", { algorithm: "3des" }),
      forgePfx([rsa.certificatePem], rsa.privateKeyPem, null),
      forgePfx([rsa.certificatePem], rsa.privateKeyPem, null, { useMac: true }),
    ];
    for (const pfx of written) {
      for (const options of [{}, { passphrase: "" }, { passphrase: undefined }]) {
        expect(await BindingCertificate.fromPfx(pfx, options)).toBeInstanceOf(BindingCertificate);
      }
    }
  });

  it("has a passphrase that is not ASCII", async () => {
    const certificate = await BindingCertificate.fromPfx(fixture("aes256-p256-unicode-passphrase.pfx"), { passphrase: "pässwörd€" });
    expect(certificate.subject).toBe("CN=fixture-p256");
  });

  it("is in base64, as text or in a file, with line breaks or without", async () => {
    const base64 = fixture("aes256-p256.pfx").toString("base64");
    for (const pfx of [base64, base64.replaceAll(/.{64}/g, "$&\r\n"), Buffer.from(base64)]) {
      expect((await BindingCertificate.fromPfx(pfx, { passphrase: PASSPHRASE })).subject).toBe("CN=fixture-p256");
    }
  });

  it("is written without lengths and in pieces, as by the macOS keychain", async () => {
    for (const name of ["aes256-rsa-chain.pfx", "3des-p384.pfx", "rc2-40-p256.pfx"]) {
      const pfx = withoutLengths(fixture(name));
      expect(await BindingCertificate.fromPfx(pfx, { passphrase: PASSPHRASE })).toBeInstanceOf(BindingCertificate);
    }
  });

  it("has several certificates, of which the key fits one", async () => {
    const other = await authority.issueCertificate({ subject: "CN=other" });
    const pfx = forgePfx([other.certificatePem, rsa.certificatePem], rsa.privateKeyPem, PASSPHRASE, { algorithm: "3des" });
    expect((await BindingCertificate.fromPfx(pfx, { passphrase: PASSPHRASE })).subject).toBe("CN=rsa");
  });
});

describe("a PFX that is refused", () => {
  const coded = async (pfx: Uint8Array | string, options = {}) => {
    const { code, message } = await refusal(BindingCertificate.fromPfx(pfx, options));
    return { code, message };
  };

  it.each(["aes256-p256.pfx", "aes256-p256-sha512-mac.pfx", "3des-rsa.pfx", "rc2-40-p256.pfx"])(
    "is %s with a wrong passphrase, an empty one, and none, told apart",
    async (name) => {
      expect((await coded(fixture(name), { passphrase: "pass phrasE" })).code).toBe("certificate_passphrase_wrong");
      expect((await coded(fixture(name), { passphrase: "" })).code).toBe("certificate_passphrase_wrong");
      expect((await coded(fixture(name))).code).toBe("certificate_passphrase_missing");
    },
  );

  it("has a passphrase where an empty one is right", async () => {
    expect((await coded(fixture("aes256-p256-empty-passphrase.pfx"), { passphrase: "x" })).code).toBe("certificate_passphrase_wrong");
  });

  it("has no MAC, so that a wrong passphrase shows at the decryption only", async () => {
    expect((await coded(fixture("aes256-p256-no-mac.pfx"), { passphrase: "wrong" })).code).toBe("certificate_passphrase_wrong");
  });

  it("CFG-07 is empty, or cut off, or something else, told apart from a wrong passphrase", async () => {
    const whole = fixture("aes256-p256.pfx");
    const cases: [Uint8Array | string, string, string][] = [
      [new Uint8Array(), "certificate_empty", "The PFX is empty"],
      ["  ", "certificate_empty", "The PFX is empty"],
      [whole.subarray(0, 500), "certificate_malformed", "the data ends at 500"],
      [whole.subarray(0, 5), "certificate_malformed", "something else"],
      [Buffer.from("not a PFX"), "certificate_malformed", "something else"],
      [rsa.certificatePem, "certificate_malformed", "BindingCertificate.fromPem"],
      [rsa.certificateDer, "certificate_malformed", "a certificate alone"],
      [rsa.certificateDer.toString("base64"), "certificate_malformed", "a certificate alone, in base64"],
      [whole.toString("utf8"), "certificate_malformed", "something else"],
    ];
    for (const [pfx, code, words] of cases) {
      expect(await coded(pfx, { passphrase: PASSPHRASE })).toEqual({ code, message: expect.stringContaining(words) });
    }
  });

  it("CFG-06 has no private key in it", async () => {
    expect(await coded(fixture("aes256-no-key.pfx"), { passphrase: PASSPHRASE })).toEqual({
      code: "certificate_private_key_missing",
      message: expect.stringContaining('"CN=fixture-p256", but no private key'),
    });
  });

  it("has a key and no certificate in it", async () => {
    expect((await coded(fixture("aes256-no-certificate.pfx"), { passphrase: PASSPHRASE })).code).toBe("certificate_missing");
  });

  it("has a key in it that belongs to none of its certificates", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pfx = forgePfx([rsa.certificatePem], privateKey.export({ type: "pkcs8", format: "pem" }).toString(), PASSPHRASE);
    expect((await coded(pfx, { passphrase: PASSPHRASE })).code).toBe("certificate_key_mismatch");
  });

  it("is encrypted in a way that nothing here reads, which is named together with the way out", async () => {
    const { code, message } = await coded(fixture("rc4-p256.pfx"), { passphrase: PASSPHRASE });
    expect(code).toBe("certificate_encryption_unsupported");
    expect(message).toContain("1.2.840.113549.1.12.1.1");
    expect(message).toContain("AES-256");
  });

  it("has its passphrase hashed more often than any honest one, which is not tried", async () => {
    const pfx = fixture("aes256-p256.pfx");
    // the last octets are the MAC's iteration count, 2048; the salt before it gives up two octets
    const salt = pfx.lastIndexOf(Buffer.from("0408", "hex"));
    expect(pfx.subarray(-4).toString("hex")).toBe("02020800");
    pfx[salt + 1] = 6;
    pfx.set(Buffer.from("02047fffffff", "hex"), pfx.length - 6);
    expect((await coded(pfx, { passphrase: PASSPHRASE })).code).toBe("certificate_encryption_unsupported");
  });

  it("is asked for with options that do not exist", async () => {
    expect((await coded(fixture("aes256-p256.pfx"), { password: PASSPHRASE })).code).toBe("invalid_options");
  });
});
