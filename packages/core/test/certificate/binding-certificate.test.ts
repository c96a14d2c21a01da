import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  type SignKeyObjectInput,
  sign,
  verify,
  X509Certificate,
} from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from "node:tls";
import { inspect } from "node:util";
import forge from "node-forge";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import type { BindingKey, BindingTlsOptions } from "../../src/certificate/binding-key.js";
import { authority, fixture, type IssuedCertificate, issue, PASSPHRASE, refusal } from "./authority.js";

let issued: IssuedCertificate;
let certificate: BindingCertificate;

beforeAll(async () => {
  issued = await issue({ subject: "CN=orders,O=Contoso,C=DE", intermediate: true });
  certificate = await BindingCertificate.fromPem(issued.chainPem, { key: issued.privateKeyPem });
});

describe("a binding certificate", () => {
  it("shows the certificate's own facts", () => {
    expect(certificate).toMatchObject({
      thumbprint: issued.thumbprint,
      thumbprintSha256: issued.thumbprintSha256,
      x5tS256: issued.x5tS256,
      issuer: "CN=Emulator Intermediate",
      signatureAlgorithm: "ES256",
    });
    expect(certificate.notBefore).toEqual(issued.notBefore);
    expect(certificate.notAfter).toEqual(issued.notAfter);
    expect(certificate.subject.split(", ").sort()).toEqual(["C=DE", "CN=orders", "O=Contoso"]);
    expect(certificate.thumbprint).toBe(createHash("sha1").update(issued.certificateDer).digest("hex").toUpperCase());
  });

  it("writes a subject with its most specific part first", () => {
    const inOrderOfTheFile = new X509Certificate(issued.certificatePem).subject.split("\n");
    expect(certificate.subject).toBe(inOrderOfTheFile.reverse().join(", "));
  });

  it("has an empty subject where the certificate has none", async () => {
    const nameless = await issue({ subject: "" });
    expect((await BindingCertificate.fromPem(nameless.chainPem, { key: nameless.privateKeyPem })).subject).toBe("");
  });

  it("cannot be changed", () => {
    expect(Reflect.set(certificate, "thumbprint", "other")).toBe(false);
    expect(Reflect.set(certificate, "sign", () => new Uint8Array())).toBe(false);
    expect(Object.isFrozen(certificate.x5c)).toBe(true);
    certificate.notAfter.setFullYear(2000);
    expect(certificate.notAfter).toEqual(issued.notAfter);
  });

  it("shows its key in no JSON, inspection, clone or enumeration", () => {
    const key = createPrivateKey(issued.privateKeyPem);
    const secret = String(key.export({ format: "jwk" }).d);
    const body = issued.privateKeyPem.split("\n")[1] ?? "";
    const shown = [
      JSON.stringify(certificate),
      inspect(certificate, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
      inspect({ nested: { certificate } }, { depth: 9, showHidden: true, customInspect: false }),
      inspect(structuredClone({ ...certificate }), { depth: 9 }),
      JSON.stringify(Reflect.ownKeys(certificate).map((name) => [String(name), Reflect.get(certificate, name)])),
      String(certificate),
    ];
    for (const text of shown) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(body);
      expect(text).not.toContain("PRIVATE KEY");
    }
    expect(JSON.parse(JSON.stringify(certificate))).toEqual({
      subject: certificate.subject,
      thumbprint: issued.thumbprint,
      notBefore: issued.notBefore.toISOString(),
      notAfter: issued.notAfter.toISOString(),
    });
    expect(inspect(certificate)).toMatch(/^BindingCertificate \{[^}]*thumbprint[^}]*\}$/);
  });
});

describe("where a key and a certificate come from", () => {
  it("is a KeyObject, with the certificate as PEM, DER, X509Certificate or a list of them", async () => {
    const privateKey = createPrivateKey(issued.privateKeyPem);
    const x509 = new X509Certificate(issued.certificatePem);
    for (const given of [issued.certificatePem, Buffer.from(issued.certificatePem), issued.certificateDer, x509]) {
      const { thumbprint, x5c } = await BindingCertificate.fromKeyObject({ certificate: given, privateKey });
      expect([thumbprint, x5c.length]).toEqual([issued.thumbprint, 1]);
    }
    const list = [authority.rootPem, new X509Certificate(authority.intermediatePem), issued.certificateDer];
    expect((await BindingCertificate.fromKeyObject({ certificate: list, privateKey })).x5c).toEqual([
      ...certificate.x5c,
      new X509Certificate(authority.rootPem).raw.toString("base64"),
    ]);
  });

  it("CFG-06 is no public KeyObject, no key of another certificate, and no bytes", async () => {
    const coded = async (privateKey: unknown) =>
      (await refusal(BindingCertificate.fromKeyObject({ certificate: issued.certificatePem, privateKey: privateKey as KeyObject }))).code;
    expect(await coded(createPublicKey(issued.privateKeyPem))).toBe("certificate_private_key_missing");
    expect(await coded(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)).toBe("certificate_key_mismatch");
    expect(await coded(issued.privateKeyPem)).toBe("invalid_options");
    expect(await coded(undefined)).toBe("invalid_options");
  });

  it("CFG-07 is no certificate that is empty or cannot be read", async () => {
    const privateKey = createPrivateKey(issued.privateKeyPem);
    const coded = async (given: string | Uint8Array | string[]) =>
      (await refusal(BindingCertificate.fromKeyObject({ certificate: given, privateKey }))).code;
    expect(await coded("")).toBe("certificate_empty");
    expect(await coded(issued.certificateDer.subarray(0, 90))).toBe("certificate_malformed");
    expect(await coded(issued.privateKeyPem)).toBe("certificate_missing");
    expect(await coded([])).toBe("invalid_options");
  });
});

describe("a certificate's validity", () => {
  const load = (one: IssuedCertificate, now?: () => number) => BindingCertificate.fromPem(one.chainPem, { key: one.privateKeyPem, now });

  it("has to have begun and not ended when it is loaded", async () => {
    const expired = await issue({ notAfter: new Date(Date.now() - 3_600_000) });
    const early = await issue({ notBefore: new Date(Date.now() + 3_600_000) });
    const ended = await refusal(load(expired));
    expect(ended.code).toBe("certificate_expired");
    expect(ended.message).toContain(`expired at ${expired.notAfter.toISOString()}; the clock says `);
    const waiting = await refusal(load(early));
    expect(waiting.code).toBe("certificate_not_yet_valid");
    expect(waiting.message).toContain(`valid from ${early.notBefore.toISOString()}`);
  });

  it("is judged by the clock that is given", async () => {
    const after = issued.notAfter.getTime() + 1;
    expect((await refusal(load(issued, () => after))).code).toBe("certificate_expired");
    expect(await load(issued, () => issued.notAfter.getTime())).toBeInstanceOf(BindingCertificate);
  });

  it("can be asked again later", async () => {
    expect(() => certificate.assertValidAt(new Date())).not.toThrow();
    const at = (date: Date, ms: number) => refusal(() => certificate.assertValidAt(new Date(date.getTime() + ms)));
    expect((await at(issued.notAfter, 1)).code).toBe("certificate_expired");
    expect((await at(issued.notBefore, -1)).code).toBe("certificate_not_yet_valid");
  });
});

describe("keys that no bound flow takes", () => {
  it.each([
    ["RSA 1024", () => generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey],
    ["EC P-521", () => generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey],
    ["ed25519", () => generateKeyPairSync("ed25519").privateKey],
  ])("are refused: %s", async (name, generate) => {
    const { certificatePem, privateKeyPem } = await issue({ privateKey: generate() });
    const error = await refusal(BindingCertificate.fromPem(certificatePem, { key: privateKeyPem }));
    expect(error.code).toBe("certificate_key_unsupported");
    expect(error.message).toContain(`The certificate's key is ${name}. Use RSA with 2048 bits or more, EC P-256 or EC P-384.`);
  });
});

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

/** A TLS server that asks for a certificate and answers with the SHA-256 of the one it saw. */
async function serve(options: { maxVersion?: "TLSv1.2" | "TLSv1.3"; trusted?: string } = {}): Promise<number> {
  const { maxVersion = "TLSv1.3", trusted = authority.rootPem } = options;
  const credentials = await authority.serverCredentials("localhost");
  server = createServer({ ...credentials, ca: trusted, requestCert: true, rejectUnauthorized: true, maxVersion }, (socket) => {
    socket.on("error", () => {});
    socket.end(createHash("sha256").update(socket.getPeerCertificate().raw).digest("base64url"));
  }).on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function leafSeenBy(port: number, binding: BindingCertificate, options: BindingTlsOptions = { ca: [authority.rootPem] }) {
  const socket: TLSSocket = connect({ port, host: "127.0.0.1", servername: "localhost", secureContext: binding.secureContext(options) });
  await once(socket, "secureConnect");
  const protocol = socket.getProtocol();
  let seen = "";
  for await (const chunk of socket.setEncoding("utf8")) seen += chunk;
  return { seen, protocol };
}

describe("TLS with the certificate", () => {
  it.each(["RSA-2048", "RSA-3072", "RSA-4096", "EC-P256", "EC-P384"] as const)(
    "PLAT-04 presents a %s certificate over TLS 1.2 and 1.3, and signs with it",
    { timeout: 60_000 },
    async (keyType) => {
      const own = await authority.issueCertificate({ keyType, intermediate: true });
      const binding = await BindingCertificate.fromPem(own.chainPem + own.privateKeyPem);
      for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
        const port = await serve({ maxVersion });
        expect(await leafSeenBy(port, binding)).toMatchObject({ seen: own.x5tS256, protocol: maxVersion });
        server?.close();
      }
      const data = Buffer.from("header.payload");
      const key = createPublicKey(own.certificatePem);
      const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
      const parameters = keyType.startsWith("RSA") ? pss : ({ dsaEncoding: "ieee-p1363" } as const);
      const hash = keyType === "EC-P384" ? "sha384" : "sha256";
      expect(binding.signatureAlgorithm).toBe(keyType === "EC-P384" ? "ES384" : keyType === "EC-P256" ? "ES256" : "PS256");
      expect(verify(hash, data, { key, ...parameters }, await binding.sign(data))).toBe(true);
    },
  );

  it("has one context for one set of options, since making one costs milliseconds", () => {
    const ca = [authority.rootPem];
    const context = certificate.secureContext({ ca });
    expect(certificate.secureContext({ ca: [...ca], minVersion: "TLSv1.2", maxVersion: "TLSv1.3" })).toBe(context);
    expect(certificate.secureContext({ ca, maxVersion: "TLSv1.2" })).not.toBe(context);
    expect(certificate.secureContext({ ca, minVersion: "TLSv1.3" })).not.toBe(context);
    expect(certificate.secureContext()).not.toBe(context);
    expect(certificate.secureContext({ ca: undefined })).toBe(certificate.secureContext());
  });

  it("keeps to the versions that are asked for, and never goes below TLS 1.2", async () => {
    const port = await serve({ maxVersion: "TLSv1.2" });
    await expect(leafSeenBy(port, certificate, { ca: [authority.rootPem], minVersion: "TLSv1.3" })).rejects.toThrow(/version/);
    const old = { minVersion: "TLSv1.1" } as unknown as BindingTlsOptions;
    expect((await refusal(() => certificate.secureContext(old))).code).toBe("invalid_options");
    const crossed = await refusal(() => certificate.secureContext({ minVersion: "TLSv1.3", maxVersion: "TLSv1.2" }));
    expect(crossed.message).toContain("minVersion is TLSv1.3, but maxVersion is TLSv1.2");
  });

  it("is refused in words where OpenSSL takes the certificate for too weak", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const weak = forge.pki.createCertificate();
    weak.publicKey = forge.pki.publicKeyFromPem(publicKey.export({ type: "spki", format: "pem" }).toString());
    weak.validity.notAfter = new Date(Date.now() + 3_600_000);
    weak.setIssuer([{ name: "commonName", value: "issuer" }]);
    const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    weak.sign(forge.pki.privateKeyFromPem(key), forge.md.sha1.create());
    const binding = await BindingCertificate.fromPem(forge.pki.certificateToPem(weak), { key });
    const { code, message } = await refusal(() => binding.secureContext());
    expect(code).toBe("certificate_key_unsupported");
    expect(message).toContain("ca md too weak");
  });

  it("does not trust the issuers in its own PFX, which Node's `pfx` option would", async () => {
    const pfx = fixture("aes256-rsa-chain.pfx");
    const binding = await BindingCertificate.fromPfx(pfx, { passphrase: PASSPHRASE });
    const pem = (der = "") => `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`;
    server = createServer({ pfx, passphrase: PASSPHRASE }, (socket) => socket.on("error", () => {}).end()).on("tlsClientError", () => {});
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const handshake = async (secureContext: ReturnType<typeof createSecureContext>) => {
      const socket = connect({ port, host: "127.0.0.1", servername: "localhost", secureContext });
      await once(socket, "secureConnect");
      socket.destroy();
    };
    await expect(handshake(binding.secureContext())).rejects.toThrow("self-signed certificate in certificate chain");
    await expect(handshake(binding.secureContext({ ca: [pem(binding.x5c[2])] }))).resolves.toBeUndefined();
    await expect(handshake(createSecureContext({ pfx, passphrase: PASSPHRASE }))).resolves.toBeUndefined();
  });
});

describe("a key that cannot be exported", () => {
  /** Stands for a driver: the key is reachable by its two abilities alone. */
  function device({ privateKeyPem }: IssuedCertificate): BindingKey & { uses: string[] } {
    const uses: string[] = [];
    return {
      uses,
      publicKey: createPublicKey(privateKeyPem),
      sign(algorithm, data) {
        uses.push(`sign ${algorithm}`);
        const input: SignKeyObjectInput = { key: createPrivateKey(privateKeyPem), dsaEncoding: "ieee-p1363" };
        return sign("sha256", data, input);
      },
      secureContext(chainPem, { ca, ...versions }) {
        uses.push("secureContext");
        return createSecureContext({ key: privateKeyPem, cert: chainPem, ...versions, ...(ca && { ca: [...ca] }) });
      },
    };
  }

  it("CFG-08 works through the abilities of its BindingKey", async () => {
    const key = device(issued);
    const binding = await BindingCertificate.fromBindingKey({ certificate: [authority.intermediatePem, issued.certificatePem], key });
    expect(binding.x5c).toEqual(certificate.x5c);
    expect((await leafSeenBy(await serve(), binding)).seen).toBe(issued.x5tS256);
    const data = Buffer.from("data");
    const input = { key: key.publicKey, dsaEncoding: "ieee-p1363" } as const;
    expect(verify("sha256", data, input, await binding.sign(data))).toBe(true);
    expect(key.uses).toEqual(["secureContext", "sign ES256"]);
  });

  it("CFG-08 is not possible on plain Node without a context of its own: TLS takes no KeyObject", () => {
    const key = createPrivateKey(issued.privateKeyPem) as unknown as string;
    expect(() => createSecureContext({ key, cert: issued.certificatePem })).toThrow(/key/);
  });

  it("CFG-08 is told when its signature is none: DER, text, nothing", async () => {
    const der = sign("sha256", Buffer.from("data"), issued.privateKeyPem);
    for (const signature of [der, "signature", undefined, new Uint8Array(0)]) {
      const key = { ...device(issued), sign: () => signature as Uint8Array };
      const binding = await BindingCertificate.fromBindingKey({ certificate: issued.certificatePem, key });
      const error = await refusal(() => binding.sign(Buffer.from("data")));
      expect(error).toMatchObject({ code: "certificate_key_unsupported", help: expect.stringContaining("64 octets") });
    }
  });

  it("CFG-08 is told when its TLS context is none", async () => {
    for (const context of [undefined, null, "context", {}]) {
      const key = { ...device(issued), secureContext: () => context as unknown as SecureContext };
      const binding = await BindingCertificate.fromBindingKey({ certificate: issued.certificatePem, key });
      expect((await refusal(() => binding.secureContext())).code).toBe("certificate_key_unsupported");
    }
  });

  it("CFG-08 passes on what its driver throws", async () => {
    const broken = () => {
      throw new Error("the device is gone");
    };
    const key = { ...device(issued), sign: broken, secureContext: broken };
    const binding = await BindingCertificate.fromBindingKey({ certificate: issued.certificatePem, key });
    expect(() => binding.secureContext()).toThrow("the device is gone");
    await expect(binding.sign(Buffer.from("data"))).rejects.toThrow("the device is gone");
  });

  it("CFG-08 has to belong to the certificate, and to be one", async () => {
    const other = device(await issue());
    const given = { certificate: issued.certificatePem };
    expect((await refusal(BindingCertificate.fromBindingKey({ ...given, key: other }))).code).toBe("certificate_key_mismatch");
    const incomplete = { publicKey: other.publicKey } as unknown as BindingKey;
    expect((await refusal(BindingCertificate.fromBindingKey({ ...given, key: incomplete }))).message).toContain("`key` as a BindingKey");
  });
});
