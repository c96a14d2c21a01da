import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmulator } from "@mtls-pop/emulator";
import type { Surroundings } from "../surroundings.js";
import { startPlainResource } from "./plain-resource.js";
import { serverCertificate } from "./server-certificate.js";

const PLAIN_NAME = "plain.localhost";

const emulator = await startEmulator({ clouds: true });
const application = await emulator.issueCertificate();
const clientId = randomUUID();
emulator.applications.register({ clientId, certificates: [application.certificatePem] });
const plain = await serverCertificate(PLAIN_NAME);
const plainPort = await startPlainResource({ ...plain, ca: emulator.ca });

const folder = await mkdtemp(join(tmpdir(), "mtls-pop-bench-"));
const certificateFile = join(folder, "application.pem");
await writeFile(certificateFile, application.chainPem + application.privateKeyPem, { mode: 0o600 });

const { authority, tenantId } = emulator;
const surroundings: Surroundings = {
  clientId,
  tenantId,
  authority,
  tokenPort: Number(new URL(authority).port),
  mtlsTokenEndpoint: `${authority.replace("login.", "mtlsauth.")}/oauth2/v2.0/token`,
  authorityMetadata: JSON.stringify({
    issuer: `${authority}/v2.0`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    end_session_endpoint: `${authority}/oauth2/v2.0/logout`,
    jwks_uri: `${authority}/discovery/v2.0/keys`,
  }),
  ca: emulator.ca + plain.cert,
  certificateFile,
  thumbprintSha256: application.thumbprintSha256,
  scope: "api://orders/.default",
  boundResource: `${emulator.customApi.url}/echo`,
  plainResource: `https://${PLAIN_NAME}:${plainPort}/orders/1`,
};

// any message asks how many token requests came since the last one
process.on("message", () => {
  const count = emulator.requests.filter(({ server, method }) => server === "token" && method === "POST").length;
  emulator.forgetRequests();
  process.send?.({ tokenRequests: count });
});
process.on("disconnect", async () => {
  await rm(folder, { recursive: true, force: true });
  process.exit();
});
process.send?.({ surroundings });
