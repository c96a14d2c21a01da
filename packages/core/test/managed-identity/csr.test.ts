import "reflect-metadata";
import { spawnSync } from "node:child_process";
import { constants, createPublicKey, verify, webcrypto } from "node:crypto";
import { cryptoProvider, Pkcs10CertificateRequest } from "@peculiar/x509";
import { beforeAll, describe, expect, it } from "vitest";
import type { BindingKey } from "../../src/certificate/binding-key.js";
import { type CertificateSubject, certificateSigningRequest, certificationRequestInfo } from "../../src/managed-identity/csr.js";
import { newMemoryKey } from "../../src/managed-identity/memory-key.js";
import { refusal } from "../certificate/authority.js";

cryptoProvider.set(webcrypto);

const subject: CertificateSubject = {
  clientId: "6325cd32-9911-41f3-819c-416cdf9104e7",
  tenantId: "751a212b-4003-416e-b600-e1f48e40db9f",
  cuId: { vmId: "07e7a1a1-0f5c-4a4b-8a5a-6a3f8a3f7a10", vmssId: undefined },
};

let key: BindingKey;
let csr: string;
beforeAll(async () => {
  key = await newMemoryKey();
  csr = await certificateSigningRequest(subject, key);
});

/** What OpenSSL's command says of a request; a machine without it fails here, and says why. */
function openssl(...options: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync("openssl", options, { input: Buffer.from(csr, "base64"), encoding: "utf8" });
  if (error) throw new Error("`openssl` is not on this machine; the check of the certificate request needs it.", { cause: error });
  if (status !== 0) throw new Error(`openssl ${options.join(" ")} ended with ${status}: ${stderr}`);
  return stdout + stderr;
}

describe("a certificate request", () => {
  it("MI-02 is one line of base64, for the key that signed it, as an independent parser reads it", async () => {
    expect(csr).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
    const request = new Pkcs10CertificateRequest(Buffer.from(csr, "base64"));
    expect(createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: "der", type: "spki" }).equals(key.publicKey)).toBe(true);
    expect(request.publicKey.algorithm).toMatchObject({ name: "RSASSA-PKCS1-v1_5", modulusLength: 2048 });
    expect(await request.verify()).toBe(true);
  });

  it("MI-02 names the tenant first and the client after it", () => {
    const request = new Pkcs10CertificateRequest(Buffer.from(csr, "base64"));
    expect(request.subjectName.toJSON()).toEqual([{ DC: [subject.tenantId] }, { CN: [subject.clientId] }]);
  });

  it("MI-02 is signed by RSASSA-PSS with SHA-256, MGF1 of the same and a salt of 32 octets", () => {
    const request = new Pkcs10CertificateRequest(Buffer.from(csr, "base64"));
    expect(request.signatureAlgorithm).toMatchObject({ name: "RSA-PSS", hash: { name: "SHA-256" }, saltLength: 32 });
    const signed = certificationRequestInfo(subject, key.publicKey);
    const signature = Buffer.from(request.signature);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    expect(verify("sha256", signed, { key: key.publicKey, padding, saltLength: 32 }, signature)).toBe(true);
    expect(verify("sha256", signed, { key: key.publicKey, padding, saltLength: 20 }, signature)).toBe(false);
  });

  it("MI-02 has the machine's ids in its one attribute, as JSON without what is not there", () => {
    const request = new Pkcs10CertificateRequest(Buffer.from(csr, "base64"));
    expect(request.attributes.map(({ type }) => type)).toEqual(["1.3.6.1.4.1.311.90.2.10"]);
    expect(request.attributes[0]?.values).toHaveLength(1);
    const value = Buffer.from(request.attributes[0]?.values[0] ?? new ArrayBuffer(0));
    // UTF8String, its length, its text
    expect(value[0]).toBe(0x0c);
    expect(value.subarray(2).toString()).toBe(`{"vmId":"${subject.cuId.vmId}"}`);
  });

  it.each([
    [{ vmId: "a", vmssId: "b" }, '{"vmId":"a","vmssId":"b"}'],
    [{ vmssId: "b" }, '{"vmssId":"b"}'],
    [{ vmId: "a", vmssId: "" }, '{"vmId":"a"}'],
  ])("MI-02 writes the ids %j", (cuId, json) => {
    const written = certificationRequestInfo({ ...subject, cuId }, key.publicKey).toString("latin1");
    expect(written.endsWith(json)).toBe(true);
  });

  it("MI-02 satisfies `openssl req -verify`, which shows the same types and parameters", () => {
    const text = openssl("req", "-verify", "-noout", "-text", "-inform", "DER");
    expect(text).toContain("verify OK");
    expect(text).toMatch(/Subject: DC ?= ?751a212b-4003-416e-b600-e1f48e40db9f, CN ?= ?6325cd32-9911-41f3-819c-416cdf9104e7/);
    expect(text).toContain("Public-Key: (2048 bit)");
    expect(text).toContain("Signature Algorithm: rsassaPss");
    expect(text).toMatch(/Hash Algorithm: sha256\s+Mask Algorithm: mgf1 with sha256\s+Salt Length: 0x20/);
    const types = openssl("asn1parse", "-inform", "DER");
    expect(types).toMatch(/:domainComponent\s+.*prim: IA5STRING\s+:751a212b/);
    expect(types).toMatch(/:commonName\s+.*prim: UTF8STRING\s+:6325cd32/);
    expect(types).toMatch(/:1\.3\.6\.1\.4\.1\.311\.90\.2\.10\s+.*cons: SET\s+.*prim: UTF8STRING\s+:\{"vmId":"07e7a1a1/);
  });

  it("MI-02 costs less than a millisecond without the signing", () => {
    const durations = Array.from({ length: 101 }, () => {
      const startedMs = performance.now();
      certificationRequestInfo(subject, key.publicKey);
      return performance.now() - startedMs;
    }).sort((a, b) => a - b);
    expect(durations[50]).toBeLessThan(1);
  });

  it("is refused when the key's signature is none", async () => {
    const mute = { ...key, sign: () => new Uint8Array() };
    expect(await refusal(certificateSigningRequest(subject, mute))).toMatchObject({ code: "certificate_key_unsupported" });
  });
});
