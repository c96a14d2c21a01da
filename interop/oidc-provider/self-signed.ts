import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ShownCertificate } from "../servers/plain-call.js";

/** Makes a certificate that nobody has issued but its own key, for a day, by the command that most people make theirs with. */
export async function selfSigned(commonName: string): Promise<ShownCertificate> {
  const folder = await mkdtemp(join(tmpdir(), "mtls-pop-self-signed-"));
  try {
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
    const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", key, "-out", certificate];
    await promisify(execFile)("openssl", ["req", "-x509", "-subj", `/CN=${commonName}`, "-days", "1", ...made]);
    return { chainPem: await readFile(certificate, "utf8"), privateKeyPem: await readFile(key, "utf8") };
  } finally {
    await rm(folder, { recursive: true });
  }
}
