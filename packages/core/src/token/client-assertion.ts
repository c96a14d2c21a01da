import { randomUUID } from "node:crypto";
import type { BindingCertificate } from "../certificate/binding-certificate.js";

/** How long an assertion is good for, in seconds; upstream's value. */
const LIFETIME_SECONDS = 600;

/**
 * Signs the JWT by which an application proves that it holds its certificate's key.
 *
 * `x5c` always goes along, so that a registration by subject name and issuer works.
 *
 * @param tokenEndpoint becomes `aud`
 * @param nowMs milliseconds since the epoch
 * @see RFC 7523 section 3, RFC 7515 section 4.1
 */
export async function signClientAssertion(
  certificate: BindingCertificate,
  { clientId, tokenEndpoint, nowMs }: { clientId: string; tokenEndpoint: URL; nowMs: number },
): Promise<string> {
  const now = Math.floor(nowMs / 1000);
  const header = { alg: certificate.signatureAlgorithm, typ: "JWT", "x5t#S256": certificate.x5tS256, x5c: certificate.x5c };
  const claims = { aud: tokenEndpoint.href, iss: clientId, sub: clientId, jti: randomUUID(), nbf: now, exp: now + LIFETIME_SECONDS };
  const signed = `${encode(header)}.${encode(claims)}`;
  const signature = await certificate.sign(Buffer.from(signed));
  return `${signed}.${Buffer.from(signature).toString("base64url")}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
