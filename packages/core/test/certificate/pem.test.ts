import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { authority, fixture, type IssuedCertificate, issue, PASSPHRASE, refusal } from "./authority.js";

let rsa: IssuedCertificate;
let ec: IssuedCertificate;
let other: IssuedCertificate;

beforeAll(async () => {
  [rsa, ec, other] = await Promise.all([
    authority.issueCertificate({ subject: "CN=rsa", intermediate: true }),
    issue({ subject: "CN=ec", intermediate: true }),
    issue({ subject: "CN=other" }),
  ]);
});

const keyOf = ({ privateKeyPem }: IssuedCertificate) => createPrivateKey(privateKeyPem);

describe("a PEM that is taken", () => {
  it("holds certificate and key, in either order", async () => {
    for (const pem of [rsa.certificatePem + rsa.privateKeyPem, rsa.privateKeyPem + rsa.certificatePem]) {
      expect((await BindingCertificate.fromPem(pem)).thumbprint).toBe(rsa.thumbprint);
    }
  });

  it("holds the certificate alone while the key is given beside it", async () => {
    expect((await BindingCertificate.fromPem(ec.certificatePem, { key: ec.privateKeyPem })).thumbprint).toBe(ec.thumbprint);
  });

  it("is bytes, has CRLF line ends, a byte order mark, or is UTF-16 from a Windows editor", async () => {
    const pem = ec.certificatePem + ec.privateKeyPem;
    const crlf = pem.replaceAll("\n", "\r\n");
    const inputs = [Buffer.from(pem), new Uint8Array(Buffer.from(crlf)), crlf, `\ufeff${crlf}`, Buffer.from(`\ufeff${crlf}`, "utf16le")];
    for (const input of inputs) expect((await BindingCertificate.fromPem(input)).thumbprint).toBe(ec.thumbprint);
  });

  it("has blanks in place of its line ends, as an app setting often does", async () => {
    for (const [pem, thumbprint] of [
      [`${ec.certificatePem}${ec.privateKeyPem}`, ec.thumbprint],
      [`${rsa.certificatePem}${rsa.privateKeyPem}`, rsa.thumbprint],
    ]) {
      expect((await BindingCertificate.fromPem(String(pem).replaceAll("\n", " "))).thumbprint).toBe(thumbprint);
    }
  });

  it("has text between its blocks, as openssl pkcs12 writes it", async () => {
    const attributes = "Bag Attributes\n    localKeyID: 01 02 03\nsubject=CN = ec\n\n";
    const pem = `${attributes}${ec.certificatePem}${attributes}${ec.privateKeyPem}trailing text`;
    expect((await BindingCertificate.fromPem(pem)).thumbprint).toBe(ec.thumbprint);
  });

  it("has issuers in any order, which come out leaf first", async () => {
    const pem = authority.rootPem + authority.intermediatePem + ec.certificatePem + ec.privateKeyPem;
    const chain = [ec.certificatePem, authority.intermediatePem, authority.rootPem].map((one) =>
      new X509Certificate(one).raw.toString("base64"),
    );
    expect((await BindingCertificate.fromPem(pem)).x5c).toEqual(chain);
  });

  it("has its chain kept as given, without the root where there is none", async () => {
    expect((await BindingCertificate.fromPem(ec.chainPem + ec.privateKeyPem)).x5c).toHaveLength(2);
    expect((await BindingCertificate.fromPem(ec.certificatePem + ec.privateKeyPem)).x5c).toHaveLength(1);
  });

  it("has certificates of somebody else, which stay out of the chain", async () => {
    const { x5c } = await BindingCertificate.fromPem(other.certificatePem + ec.certificatePem + ec.privateKeyPem);
    expect(x5c).toEqual([ec.certificateDer.toString("base64")]);
  });

  it("has several keys, of which one fits", async () => {
    const strange = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
    const pem = other.privateKeyPem + strange + ec.privateKeyPem + ec.certificatePem;
    expect((await BindingCertificate.fromPem(pem)).thumbprint).toBe(ec.thumbprint);
  });

  it("has two certificates for the key, of which the first one that is valid is taken", async () => {
    const expired = await issue({ privateKey: ec.privateKeyPem, notAfter: new Date(Date.now() - 1000) });
    const pem = expired.certificatePem + ec.certificatePem + ec.privateKeyPem;
    expect((await BindingCertificate.fromPem(pem)).thumbprint).toBe(ec.thumbprint);
  });

  it("has keys in the older forms PKCS#1 and SEC 1", async () => {
    const pkcs1 = keyOf(rsa).export({ type: "pkcs1", format: "pem" }).toString();
    const sec1 = keyOf(ec).export({ type: "sec1", format: "pem" }).toString();
    expect((await BindingCertificate.fromPem(rsa.certificatePem, { key: pkcs1 })).thumbprint).toBe(rsa.thumbprint);
    expect((await BindingCertificate.fromPem(ec.certificatePem, { key: sec1 })).thumbprint).toBe(ec.thumbprint);
  });
});

describe("an encrypted key in a PEM", () => {
  const encryptedForms = () => {
    const encryption = { format: "pem", cipher: "aes-256-cbc", passphrase: PASSPHRASE } as const;
    return [
      rsa.certificatePem + keyOf(rsa).export({ type: "pkcs8", ...encryption }),
      rsa.certificatePem + keyOf(rsa).export({ type: "pkcs1", ...encryption }),
      ec.certificatePem + keyOf(ec).export({ type: "pkcs8", ...encryption, cipher: "aes-128-cbc" }),
      ec.certificatePem + keyOf(ec).export({ type: "pkcs8", ...encryption, cipher: "des-ede3-cbc" }),
      ec.certificatePem + keyOf(ec).export({ type: "sec1", ...encryption, cipher: "aes-128-cbc" }),
      ec.certificatePem +
        keyOf(ec)
          .export({ type: "sec1", ...encryption })
          .toString()
          .replaceAll("\n", "\r\n"),
      fixture("scrypt-p256.pem").toString(),
    ];
  };

  it("opens with its passphrase: PKCS#8 with PBKDF2 or scrypt, and the older Proc-Type form", async () => {
    for (const pem of encryptedForms()) {
      const certificate = await BindingCertificate.fromPem(pem, { passphrase: PASSPHRASE });
      expect(await certificate.sign(Buffer.from("data"))).toBeInstanceOf(Uint8Array);
    }
  });

  it("is refused without a passphrase, and with a wrong one, told apart", async () => {
    for (const pem of encryptedForms()) {
      expect((await refusal(BindingCertificate.fromPem(pem))).code).toBe("certificate_passphrase_missing");
      for (const passphrase of ["wrong", ""]) {
        expect((await refusal(BindingCertificate.fromPem(pem, { passphrase }))).code).toBe("certificate_passphrase_wrong");
      }
    }
  });

  it("is never in the error, and neither is the passphrase", async () => {
    const [pem = ""] = encryptedForms();
    const error = await refusal(BindingCertificate.fromPem(pem, { passphrase: "a wrong guess" }));
    expect(JSON.stringify(error) + error.message + String(error.stack)).not.toContain("a wrong guess");
  });

  it("does not matter while another key fits", async () => {
    const [encrypted = ""] = encryptedForms();
    expect((await BindingCertificate.fromPem(encrypted + ec.certificatePem + ec.privateKeyPem)).thumbprint).toBe(ec.thumbprint);
  });

  it("whose passphrase is hashed more often than any honest one is refused and not tried", async () => {
    const pem = keyOf(ec).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: PASSPHRASE }).toString();
    const der = Buffer.from(pem.split("\n").slice(1, -2).join(""), "base64");
    const count = der.indexOf(Buffer.from("02020800", "hex"));
    expect(count).toBeGreaterThan(0);
    // the salt gives up two octets of its own to the iteration count
    der.set(Buffer.from("02047fffffff", "hex"), count - 2);
    const salt = der.lastIndexOf(Buffer.from("0408", "hex"), count);
    der[salt + 1] = 6;
    const crafted = `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${der.toString("base64")}\n-----END ENCRYPTED PRIVATE KEY-----\n`;
    const error = await refusal(BindingCertificate.fromPem(ec.certificatePem, { key: crafted, passphrase: PASSPHRASE }));
    expect(error.code).toBe("certificate_encryption_unsupported");
    expect(error.message).toContain("2147483647 times");
  });
});

describe("a PEM that is refused", () => {
  const coded = async (pem: string | Uint8Array, options = {}) => {
    const { code, message } = await refusal(BindingCertificate.fromPem(pem, options));
    return { code, message };
  };

  it("CFG-07 is empty", async () => {
    for (const pem of ["", " \r\n", new Uint8Array()]) expect((await coded(pem)).code).toBe("certificate_empty");
    expect(await coded(ec.certificatePem, { key: "\n" })).toEqual({
      code: "certificate_empty",
      message: expect.stringContaining("key PEM is empty"),
    });
  });

  it("CFG-07 is malformed, and the message says how", async () => {
    const body = ec.certificateDer.toString("base64");
    const cases: [string | Uint8Array, string][] = [
      ["no certificate at all, just words", "neither PEM nor DER"],
      [body, "base64 without PEM armour"],
      [ec.certificateDer, "a certificate in DER"],
      [fixture("aes256-p256.pfx"), "BindingCertificate.fromPfx"],
      [fixture("aes256-p256.pfx").toString("base64"), "BindingCertificate.fromPfx"],
      [ec.certificatePem.slice(0, -40), "no END line"],
      [ec.certificatePem.replace("BEGIN CERTIFICATE", "BEGIN certificate"), "BEGIN line"],
      [ec.certificatePem.replace("\nM", "\n*"), "not base64"],
      [`-----BEGIN CERTIFICATE-----\n${body.slice(0, 200)}\n-----END CERTIFICATE-----`, "no X.509 structure"],
      [`-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----`, "not base64"],
      [ec.certificatePem.replaceAll("\n", "\\n"), "\\n written out"],
      [`${ec.certificatePem}-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----`, "no key that can be read"],
    ];
    for (const [pem, words] of cases) {
      expect(await coded(pem)).toEqual({ code: "certificate_malformed", message: expect.stringContaining(words) });
    }
  });

  it("CFG-06 has no private key", async () => {
    const { code, message } = await coded(ec.certificatePem);
    expect(code).toBe("certificate_private_key_missing");
    expect(message).toContain("only CERTIFICATE");
  });

  it("CFG-06 has a public key in the private one's place", async () => {
    const key = createPublicKey(ec.privateKeyPem).export({ type: "spki", format: "pem" });
    expect(await coded(ec.certificatePem, { key })).toEqual({
      code: "certificate_private_key_missing",
      message: expect.stringContaining("a public key"),
    });
  });

  it("has a key and no certificate, as when the two are swapped", async () => {
    expect(await coded(ec.privateKeyPem, { key: ec.certificatePem })).toMatchObject({ code: "certificate_missing" });
    expect(await coded(ec.privateKeyPem)).toEqual({
      code: "certificate_missing",
      message: expect.stringContaining("a private key, but no certificate"),
    });
  });

  it("has a key that belongs to another certificate", async () => {
    const { code, message } = await coded(ec.chainPem, { key: rsa.privateKeyPem });
    expect(code).toBe("certificate_key_mismatch");
    expect(message).toContain("(RSA 2048) does not belong to any of the certificates");
    expect(message).toContain('"CN=ec" (EC P-256)');
    expect((await coded(ec.certificatePem, { key: other.privateKeyPem })).message).toContain('to the certificate "CN=ec"');
  });

  it("has the right key in `pem` and another one as `key`, which is the one that was asked for", async () => {
    expect((await coded(ec.certificatePem + ec.privateKeyPem, { key: other.privateKeyPem })).code).toBe("certificate_key_mismatch");
  });

  it("holds options that do not exist, or of another type", async () => {
    expect(await coded(ec.certificatePem, { passphrse: "x" })).toEqual({
      code: "invalid_options",
      message: expect.stringContaining("`passphrase`"),
    });
    expect((await coded(ec.certificatePem, { passphrase: 1 })).code).toBe("invalid_options");
    // @ts-expect-error the types refuse it as well
    expect((await refusal(BindingCertificate.fromPem(undefined))).code).toBe("invalid_options");
  });
});
