import { execFile } from "node:child_process";
import { constants, createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { ManagedIdentity } from "../../src/index.js";
import { verifyCertificateRequest } from "../../src/managed-identity/verify-certificate-request.js";
import { buildCertificateRequest, type NamePart, type RequestParts, sharedKey } from "./certificate-request-builder.js";

const identity: ManagedIdentity = {
  kind: "UserAssigned",
  clientId: "6325cd32-9911-41f3-819c-416cdf9104e7",
  objectId: "9a6f2b7e-0000-0000-0000-000000000001",
  resourceId: "/subscriptions/1",
  tenantId: "72f988bf-86f1-41af-91ab-2d7cd011db47",
};
const cuId = { vmId: "3b57c42c-3201-4295-ae27-d6baec5b7027" };

const DC = "0.9.2342.19200300.100.1.25";
const CN = "2.5.4.3";
const O = "2.5.4.10";
const CUID = "1.3.6.1.4.1.311.90.2.10";
const SHA1 = "1.3.14.3.2.26";
const dc: NamePart = [DC, "IA5String", identity.tenantId];
const cn: NamePart = [CN, "Utf8String", identity.clientId];
const json = JSON.stringify(cuId);

const build = (parts: Partial<RequestParts> = {}): string => buildCertificateRequest({ ...identity, cuId, key: sharedKey(), ...parts });
const verify = (csr: string, unit: object = cuId) => verifyCertificateRequest(csr, identity, unit);

describe("a certificate request", () => {
  it.each(["null", "absent"] as const)("MI-02 is taken with hash parameters that are %s", (hashParameters) => {
    const { publicKey } = verify(build({ hashParameters }));
    expect(publicKey.equals(createPublicKey(sharedKey()))).toBe(true);
  });

  it("MI-02 may write its names as PrintableString, as .NET does on Linux", () => {
    const subject: NamePart[] = [
      [DC, "PrintableString", identity.tenantId],
      [CN, "PrintableString", identity.clientId],
    ];
    expect(verify(build({ subject })).subjectName.length).toBeGreaterThan(0);
  });

  it("MI-02 names the scale set where there is one", () => {
    const unit = { vmId: cuId.vmId, vmssId: "f07359bb-f4f6-4e3c-ba9f-ccdf48eb80ce" };
    expect(verify(build({ cuId: unit }), unit)).toBeDefined();
    expect(() => verify(build({ cuId: unit }))).toThrow("not {");
    expect(() => verify(build(), unit)).toThrow("not {");
  });

  it.each<[string, Partial<RequestParts>, string]>([
    ["another version", { version: 1 }, "its version is 1, not 0"],
    ["CN before DC", { subject: [cn, dc] }, 'made of "CN, DC", not of "DC, CN" in this order'],
    ["no DC", { subject: [cn] }, 'made of "CN", not'],
    ["a further part", { subject: [dc, cn, [O, "Utf8String", "Contoso"]] }, `made of "DC, CN, ${O}", not`],
    ["DC as UTF8String", { subject: [[DC, "Utf8String", identity.tenantId], cn] }, "DC is a UTF8String, not a IA5String"],
    ["CN as IA5String", { subject: [dc, [CN, "IA5String", identity.clientId]] }, "CN is a IA5String, not a UTF8String"],
    ["another tenant", { tenantId: "contoso" }, `DC is "contoso", not "${identity.tenantId}"`],
    ["another client id", { clientId: "somebody" }, `CN is "somebody", not "${identity.clientId}"`],
    ["no attribute", { attributes: [] }, `its attributes are none, not ${CUID} alone`],
    ["another attribute", { attributes: [[O, "Utf8String", json]] }, `its attributes are ${O}, not ${CUID} alone`],
    [
      "the attribute twice",
      {
        attributes: [
          [CUID, "Utf8String", json],
          [CUID, "Utf8String", json],
        ],
      },
      `${CUID}, ${CUID}, not`,
    ],
    ["the attribute with two values", { attributes: [[CUID, "Utf8String", json, json]] }, "not one UTF8String"],
    ["the attribute as PrintableString", { attributes: [[CUID, "PrintableString", json]] }, "holds a PrintableString, not one UTF8String"],
    ["an empty member in it", { cuId: { ...cuId, vmssId: null } }, `not ${json}`],
    ["a member in Pascal case", { cuId: { VmId: cuId.vmId } }, `not ${json}`],
    ["another machine", { cuId: { vmId: "other" } }, `its attribute says {"vmId":"other"}, not ${json}`],
    ["text that is no JSON", { attributes: [[CUID, "Utf8String", cuId.vmId]] }, `not ${json}`],
    ["an array", { attributes: [[CUID, "Utf8String", "[]"]] }, `not ${json}`],
    ["PKCS#1 1.5", { pss: { algorithm: "1.2.840.113549.1.1.11" } }, "the signature algorithm is 1.2.840.113549.1.1.11, not"],
    ["SHA-1", { pss: { hash: SHA1 } }, `PSS's hash is ${SHA1}, not`],
    ["another mask", { pss: { mgf: "1.2.840.113549.1.1.9" } }, "PSS's mask generation is 1.2.840.113549.1.1.9, not"],
    ["a mask with SHA-1", { pss: { mgfHash: SHA1 } }, `the hash of PSS's mask generation is ${SHA1}, not`],
    ["a salt of 20 that it tells", { pss: { salt: 20 } }, "PSS's salt length is 20, not 32"],
    ["a salt of 20 that it does not tell", { signedWith: { saltLength: 20 } }, "its signature does not hold"],
    ["a signature by PKCS#1 1.5", { signedWith: { padding: constants.RSA_PKCS1_PADDING } }, "its signature does not hold"],
  ])("MI-02 is refused with %s", (_what, parts, message) => {
    expect(() => verify(build(parts))).toThrow(message);
  });

  it("MI-02 is refused with another key's signature", () => {
    const { privateKey: key } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    expect(() => verify(build({ signedWith: { key } }))).toThrow("its signature does not hold");
  });

  it.each([1024, 3072])("MI-02 is refused with an RSA key of %d bits", (modulusLength) => {
    const { privateKey: key } = generateKeyPairSync("rsa", { modulusLength });
    expect(() => verify(build({ key }))).toThrow(`its key is rsa ${modulusLength}, not rsa 2048`);
  });

  it("MI-02 is refused with an EC key", () => {
    const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    expect(() => verify(build({ key }))).toThrow("its key is ec, not rsa 2048");
  });

  it.each([
    ["PEM", () => `-----BEGIN CERTIFICATE REQUEST-----\n${build()}\n-----END CERTIFICATE REQUEST-----`, "it is not one line of base64"],
    ["lines", () => build().replace(/.{64}/g, "$&\n"), "it is not one line of base64"],
    ["base64url", () => Buffer.from(build(), "base64").toString("base64url"), "it is not one line of base64"],
    ["bytes after it", () => Buffer.concat([Buffer.from(build(), "base64"), Buffer.from([0])]).toString("base64"), "bytes follow its end"],
    ["half of it", () => build().slice(0, 400), "it is no ASN.1"],
    ["a string", () => Buffer.from([12, 1, 65]).toString("base64"), "the request is not a SEQUENCE"],
    ["an empty SEQUENCE", () => Buffer.from([48, 0]).toString("base64"), "the request has 0 members, and 3 were expected"],
    ["an indefinite length", () => Buffer.from([48, 0x80, 2, 1, 0, 0, 0]).toString("base64"), "it is BER and no DER"],
    ["a length with zeros in front", () => Buffer.from([48, 0x82, 0, 3, 2, 1, 0]).toString("base64"), "it is BER and no DER"],
    ["a length in long form", () => Buffer.from([48, 0x81, 3, 2, 1, 0]).toString("base64"), "it is BER and no DER"],
  ])("is refused as %s", (_what, csr, message) => {
    expect(() => verify(csr())).toThrow(message);
  });
});

describe("OpenSSL", () => {
  const openssl = promisify(execFile);

  it("makes a request that is taken, and takes the one that the tests make", async () => {
    const folder = await mkdtemp(join(tmpdir(), "certificate-request-"));
    try {
      const file = (name: string): string => join(folder, name);
      await writeFile(file("key.pem"), sharedKey().export({ type: "pkcs8", format: "pem" }));
      await writeFile(
        file("openssl.cnf"),
        `oid_section = oids
[oids]
cuId = ${CUID}
[req]
prompt = no
string_mask = utf8only
distinguished_name = name
attributes = attributes
[name]
0.DC = ${identity.tenantId}
CN = ${identity.clientId}
[attributes]
cuId = ${json.replaceAll('"', '\\"')}
`,
      );
      const pss = ["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"];
      const made = ["-new", "-key", file("key.pem"), "-config", file("openssl.cnf"), "-outform", "DER", "-out", file("made.der")];
      await openssl("openssl", ["req", ...made, ...pss]);
      expect(verify((await readFile(file("made.der"))).toString("base64"))).toBeDefined();

      await writeFile(file("built.der"), Buffer.from(build(), "base64"));
      const { stderr, stdout } = await openssl("openssl", [
        "req",
        "-verify",
        "-noout",
        "-text",
        "-inform",
        "DER",
        "-in",
        file("built.der"),
      ]);
      expect(stderr + stdout).toMatch(/verify OK/);
      expect(stdout).toMatch(/Salt Length: 0x20/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
