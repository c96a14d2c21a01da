import { createPublicKey, X509Certificate } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { signClientAssertion } from "../../src/token/client-assertion.js";
import { authority } from "../certificate/authority.js";

const clientId = "00000000-0000-0000-0000-00000000000a";
const tokenEndpoint = new URL("https://login.microsoftonline.com/tenant.example/oauth2/v2.0/token");
const nowMs = Date.parse("2026-11-06T08:49:37.900Z");
const NOW = Math.floor(nowMs / 1000);

const kinds = [
  ["RSA-2048", "PS256"],
  ["EC-P256", "ES256"],
  ["EC-P384", "ES384"],
] as const;
const certificates = new Map<string, BindingCertificate>();
beforeAll(async () => {
  for (const [keyType] of kinds) {
    const { chainPem, privateKeyPem } = await authority.issueCertificate({ keyType, intermediate: true });
    certificates.set(keyType, await BindingCertificate.fromPem(chainPem, { key: privateKeyPem }));
  }
});

function certificateOf(keyType: string): BindingCertificate {
  const certificate = certificates.get(keyType);
  if (!certificate) throw new Error(`No ${keyType} certificate.`);
  return certificate;
}
const sign = (keyType: string) => signClientAssertion(certificateOf(keyType), { clientId, tokenEndpoint, nowMs });

describe("signClientAssertion", () => {
  it.each(kinds)("signs with an %s key as %s, which another implementation verifies by x5c alone", async (keyType, algorithm) => {
    const assertion = await sign(keyType);
    const { x5c } = decodeProtectedHeader(assertion);
    const publicKey = createPublicKey(new X509Certificate(Buffer.from(x5c?.[0] ?? "", "base64")).toString());
    const { protectedHeader, payload } = await jwtVerify(assertion, publicKey, {
      algorithms: [algorithm],
      audience: tokenEndpoint.href,
      issuer: clientId,
      subject: clientId,
      currentDate: new Date(nowMs),
    });
    expect(protectedHeader).toEqual({
      alg: algorithm,
      typ: "JWT",
      "x5t#S256": certificateOf(keyType).x5tS256,
      x5c: [...certificateOf(keyType).x5c],
    });
    expect(Object.keys(payload).sort()).toEqual(["aud", "exp", "iss", "jti", "nbf", "sub"]);
  });

  it("lives ten minutes from now, in whole seconds", async () => {
    expect(decodeJwt(await sign("EC-P256"))).toMatchObject({ nbf: NOW, exp: NOW + 600 });
  });

  it("sends x5c as an array, also when the leaf is alone, so that subject name and issuer can be checked", async () => {
    const { certificatePem, privateKeyPem } = await authority.issueCertificate({ keyType: "EC-P256" });
    const alone = await BindingCertificate.fromPem(certificatePem, { key: privateKeyPem });
    const header = decodeProtectedHeader(await signClientAssertion(alone, { clientId, tokenEndpoint, nowMs }));
    expect(header.x5c).toEqual([alone.x5c[0]]);
    expect(decodeProtectedHeader(await sign("EC-P256")).x5c).toHaveLength(2);
  });

  it("has a new id each time", async () => {
    const [one, two] = [decodeJwt(await sign("EC-P256")), decodeJwt(await sign("EC-P256"))];
    expect(one.jti).not.toBe(two.jti);
  });
});
