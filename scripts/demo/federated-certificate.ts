import { createHash } from "node:crypto";
import type { LocalIdentityApp, RecordedRequest } from "@mtls-pop/emulator";
import type { TokenState } from "./app-caller.js";
import type { Cast } from "./flow.js";
import type { Narrator } from "./narrator.js";
import { assertTrue } from "./statement.js";
import { certificateOf, lastReceived, received } from "./wire.js";

/** Who issues the certificates of the emulated machine's identities. */
const IMDS_AUTHORITY = "CN=Emulator Managed Identity";

/** The certificate of the first leg, as the token server saw it, with the requests of both legs. */
export interface Leg1Binding {
  readonly certificateDer: Buffer;
  readonly thumbprint: string;
  readonly x5tS256: string;
  readonly leg1Request: RecordedRequest;
  readonly leg2Request: RecordedRequest;
}

/** Finds the two token requests and the certificate that the first one showed. */
export function bindingOf({ emulator, app }: Cast<LocalIdentityApp>): Leg1Binding {
  const requests = received(emulator.requests, "token");
  assertTrue(
    "each leg asked for one token, shared by warm-up and first call",
    requests.map(({ form }) => form?.["client_id"]),
    [app.identity.clientId, app.environment.AZURE_CLIENT_ID],
  );
  const leg2Request = lastReceived(emulator.requests, "token");
  const leg1Request = requests[0] ?? leg2Request;
  const { raw, fingerprint } = certificateOf(leg1Request);
  const x5tS256 = createHash("sha256").update(raw).digest("base64url");
  return { certificateDer: raw, thumbprint: fingerprint.replaceAll(":", ""), x5tS256, leg1Request, leg2Request };
}

/** Tells how the machine's metadata service has certified a key of the app's for its managed identity. */
export function tellCertificate(
  { emulator, app }: Cast<LocalIdentityApp>,
  { leg1Request, thumbprint }: Leg1Binding,
  { certificate }: TokenState,
  narrator: Narrator,
): void {
  const { clientId, tenantId } = app.identity;
  const asked = received(emulator.requests, "instance-metadata");
  assertTrue(
    "IMDS was asked for its platform and for one certificate, both times for the user-assigned identity",
    asked.map(({ method, path, query }) => `${method} ${path} ${query["client_id"]}`),
    [`GET /metadata/identity/getplatformmetadata ${clientId}`, `POST /metadata/identity/issuecredential ${clientId}`],
  );
  const leaf = certificateOf(leg1Request);
  assertTrue("the certificate names tenant and identity", leaf.subject, `DC=${tenantId}\nCN=${clientId}`);
  assertTrue("IMDS's authority has issued it", leaf.issuer, IMDS_AUTHORITY);
  const request = certificateRequestOf(lastReceived(emulator.requests, "instance-metadata"));
  const publicKey = leaf.publicKey.export({ type: "spki", format: "der" });
  assertTrue("it certifies the key of the app's own request", request.includes(publicKey), true);
  assertTrue("the app tells of that certificate", certificate.thumbprint, thumbprint);
  narrator.tell("leg 1: certificate issued by IMDS to the managed identity", {
    asked: "getplatformmetadata, then issuecredential with a certificate request; no attestation, which this IMDS does not require",
    subject: certificate.subject,
    issuer: `${certificate.issuer}, IMDS's authority`,
    thumbprint,
  });
}

/** The DER of the request in an issuecredential's body. */
function certificateRequestOf({ body }: RecordedRequest): Buffer {
  const { csr }: { csr?: unknown } = JSON.parse(String(body));
  return Buffer.from(String(csr), "base64");
}
