import { randomUUID } from "node:crypto";
import { loopbackLookup } from "../../emulator/src/server/loopback-lookup.js";
import type { TlsServerOptions } from "../../emulator/src/server/tls-server.js";
import { ConfidentialClientApplication } from "../src/application/confidential-client-application.js";
import type { ConfidentialClientOptions } from "../src/application/confidential-client-options.js";
import { BindingCertificate } from "../src/certificate/binding-certificate.js";
import { thumbprintsOf } from "../src/certificate/thumbprint.js";
import { authority, issue } from "./certificate/authority.js";
import { startControlServer } from "./transport/control-servers.js";

const TENANT = "tenant.example";
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A bound token as an authority would sign it, without a signature that counts: the client does not check it. */
function boundToken(certificateDer: Buffer): string {
  return `${part({ alg: "RS256" })}.${part({ cnf: { "x5t#S256": thumbprintsOf(certificateDer).x5tS256 }, jti: randomUUID() })}.c2ln`;
}

/** An authority that answers token requests as it is told. */
export async function startAuthority(options: Partial<TlsServerOptions> = {}) {
  const issued = await issue();
  const certificate = await BindingCertificate.fromPem(issued.chainPem, { key: issued.privateKeyPem });
  const good = () => ({ token_type: "mtls_pop", expires_in: 3600, access_token: boundToken(issued.certificateDer) });
  const next: { status: number; headers: Record<string, string>; body: string }[] = [];
  const seen = { requests: 0, protocols: [] as string[] };
  const server = await startControlServer({
    answersTo: (name) => /^(login|mtlsauth)\.hostile\.example$/.test(name),
    ...options,
    handle: ({ request }) => {
      seen.requests++;
      seen.protocols.push(request.tlsProtocol);
      return next.shift() ?? { status: 200, body: JSON.stringify(good()) };
    },
  });
  const host = `login.hostile.example:${server.port}`;
  return {
    certificate,
    seen,
    /** A good answer, to be changed. */
    good,
    /** Answers the next request; a text is a body of status 200. */
    answerNext(body: string | Buffer | object, status = 200, headers: Record<string, string> = {}) {
      next.push({ status, headers, body: typeof body === "string" ? body : JSON.stringify(body) });
    },
    application: (over: Partial<ConfidentialClientOptions> = {}) =>
      new ConfidentialClientApplication({
        clientId: "app",
        authority: `https://${host}/${TENANT}`,
        knownAuthorities: [host],
        certificate,
        transport: { ca: authority.rootPem, lookup: loopbackLookup((name) => name.endsWith(".example")) },
        ...over,
      } as ConfidentialClientOptions),
    close: () => server.close(),
  };
}
