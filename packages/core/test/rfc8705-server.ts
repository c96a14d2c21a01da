import { randomUUID } from "node:crypto";
import type { RecordedRequest } from "@mtls-pop/emulator";
import { loopbackLookup } from "../../emulator/src/server/loopback-lookup.js";
import { ConfidentialClientApplication } from "../src/application/confidential-client-application.js";
import type { ConfidentialClientOptions } from "../src/application/confidential-client-options.js";
import type { TokenEndpointAuthority } from "../src/authority/token-endpoint-authority.js";
import { BindingCertificate } from "../src/certificate/binding-certificate.js";
import { authority, issue } from "./certificate/authority.js";
import { startControlServer } from "./transport/control-servers.js";

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A JWT without a signature that counts: a client does not check it. */
export const jwt = (claims: object): string => `${part({ alg: "RS256", typ: "at+jwt" })}.${part({ jti: randomUUID(), ...claims })}.c2ln`;

/** An authorization server by RFC 8705 at `as.example`, and a resource that says 200 at every other `.example`. */
export async function startRfc8705Server() {
  const certificates = await Promise.all(
    [await issue(), await issue()].map(({ chainPem, privateKeyPem }) => BindingCertificate.fromPem(chainPem, { key: privateKeyPem })),
  );
  const [certificate, another] = certificates;
  if (!certificate || !another) throw new Error("There are no certificates.");
  const requests: RecordedRequest[] = [];
  const next: { status: number; headers?: Record<string, string>; body: string }[] = [];
  const good = () => ({ token_type: "Bearer", expires_in: 3600, access_token: jwt({ cnf: { "x5t#S256": certificate.x5tS256 } }) });
  const server = await startControlServer({
    answersTo: (name) => name.endsWith(".example"),
    handle: ({ request }) => {
      requests.push(request);
      if (request.host !== "as.example") return { status: 200, body: "fine" };
      return next.shift() ?? { status: 200, body: JSON.stringify(good()) };
    },
  });
  const transport = { ca: authority.rootPem, lookup: loopbackLookup((name) => name.endsWith(".example")) };
  const tokenEndpoint = `https://as.example:${server.port}/oauth/token`;
  return {
    certificate,
    another,
    transport,
    tokenEndpoint,
    requests,
    /** A good answer, to be changed. */
    good,
    /** A resource's base URL. */
    resource: (name: string) => `https://${name}.example:${server.port}`,
    tokenRequests: () => requests.filter(({ host }) => host === "as.example"),
    answerNext(body: string | object, status = 200, headers: Record<string, string> = {}) {
      next.push({ status, headers, body: typeof body === "string" ? body : JSON.stringify(body) });
    },
    application: (over: Partial<ConfidentialClientOptions> = {}, named: Partial<TokenEndpointAuthority> = {}) =>
      new ConfidentialClientApplication({
        clientId: "orders-client",
        authority: { tokenEndpoint, tokenType: "Bearer", ...named },
        certificate,
        transport,
        ...over,
      } as ConfidentialClientOptions),
    close: () => server.close(),
  };
}
