import { Null } from "asn1js";
import { type Asn1Node, badCertificateRequest, integerOf, membersOf, oidOf } from "./asn1-node.js";

const RSASSA_PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";
const SHA256 = "2.16.840.1.101.3.4.2.1";
const SALT_LENGTH = 32;

/**
 * Checks that a signature is RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes (RFC 4055 section 3.1).
 *
 * @param algorithm an AlgorithmIdentifier
 * @throws {ImdsError} which names the part that differs
 */
export function assertPssSha256(algorithm: Asn1Node): void {
  const [name, parameters] = membersOf(algorithm, "SEQUENCE", "the signature algorithm", 2);
  assertOid(name, RSASSA_PSS, "the signature algorithm");
  const [hash, maskGeneration, saltLength] = membersOf(parameters, "SEQUENCE", "the list of PSS parameters", 3);
  const [hashAlgorithm] = membersOf(hash, 0, "PSS's hash", 1);
  assertSha256(hashAlgorithm, "PSS's hash");
  const [maskAlgorithm] = membersOf(maskGeneration, 1, "PSS's mask generation", 1);
  const [maskName, maskHash] = membersOf(maskAlgorithm, "SEQUENCE", "PSS's mask generation", 2);
  assertOid(maskName, MGF1, "PSS's mask generation");
  assertSha256(maskHash, "the hash of PSS's mask generation");
  const [salt] = membersOf(saltLength, 2, "PSS's salt length", 1);
  const found = integerOf(salt, "PSS's salt length");
  if (found !== SALT_LENGTH) throw badCertificateRequest(`PSS's salt length is ${found}, not ${SALT_LENGTH}`);
}

/** Its parameters are absent or NULL (RFC 4055 section 2.1: both are seen, and both are to be taken). */
function assertSha256(algorithm: Asn1Node, what: string): void {
  const [name, parameters, ...more] = membersOf(algorithm, "SEQUENCE", what);
  assertOid(name, SHA256, what);
  if ((parameters !== undefined && !(parameters instanceof Null)) || more.length > 0) {
    throw badCertificateRequest(`${what} has parameters that are not NULL`);
  }
}

function assertOid(node: Asn1Node, expected: string, what: string): void {
  const found = oidOf(node, what);
  if (found !== expected) throw badCertificateRequest(`${what} is ${found}, not ${expected}`);
}
