import "reflect-metadata";
import * as x509 from "@peculiar/x509";

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 };

/** What is to be made. */
export interface SelfSignedOptions {
  readonly subject: string;
  readonly notAfter?: Date;
  readonly notBefore?: Date;
  /** Names of a TLS server. */
  readonly names?: readonly string[];
}

/** A certificate with its key, PEM both, signed by itself. */
export async function selfSigned({ subject, notBefore, notAfter, names }: SelfSignedOptions) {
  const keys = await crypto.subtle.generateKey(RSA, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: subject,
    keys,
    signingAlgorithm: RSA,
    notBefore: notBefore ?? new Date(Date.now() - 60_000),
    notAfter: notAfter ?? new Date(Date.now() + 86_400_000),
    extensions: names ? [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns", value })))] : [],
  });
  const key = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    certificatePem: certificate.toString("pem"),
    privateKeyPem: `-----BEGIN PRIVATE KEY-----\n${key.replaceAll(/(.{64})/g, "$1\n")}\n-----END PRIVATE KEY-----`,
  };
}
