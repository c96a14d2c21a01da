import { createServer as createHttpServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer, request as httpsRequest, type ServerOptions } from "node:https";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loopbackLookup } from "../../../emulator/src/server/loopback-lookup.js";
import type { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { popChallenge } from "../../src/guard/pop-challenge.js";
import { type PopRequestOptions, verifyPopRequest } from "../../src/guard/verify-pop-request.js";
import { isMtlsPopError } from "../../src/index.js";
import { authority } from "../certificate/authority.js";
import { calling } from "../resource/calling.js";
import { listen } from "./issuer.js";

const NAME = "orders.example";
const stops: (() => Promise<void>)[] = [];
let world: Awaited<ReturnType<typeof calling>>;
let base: Omit<PopRequestOptions, "certificateFrom">;
/** Trusts the emulator and this file's servers, and finds both. */
let transport: { ca: string[]; lookup: ReturnType<typeof loopbackLookup> };
beforeAll(async () => {
  world = await calling();
  const { emulator } = world;
  base = {
    issuer: `${emulator.authority}/v2.0`,
    audience: world.customApi.audience,
    jwks: `${emulator.authority}/discovery/v2.0/keys`,
    transport: world.transport,
  };
  transport = { ca: [emulator.ca, authority.rootPem], lookup: loopbackLookup(() => true) };
});
afterAll(async () => {
  await Promise.all([...stops.map((stop) => stop()), world.close()]);
});

/** What an API of one's own does, in the words of the documentation. */
function answering(certificateFrom: PopRequestOptions["certificateFrom"]) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const { clientId, certificate, scheme } = await verifyPopRequest(request, { ...base, certificateFrom });
      const resumed = (request.socket as TLSSocket).isSessionReused?.();
      response.end(JSON.stringify({ clientId, scheme, certificate: certificate.fingerprint256, resumed }));
    } catch (error) {
      const challenge = popChallenge(error);
      response.writeHead(challenge === undefined ? 500 : 401, challenge === undefined ? {} : { "www-authenticate": challenge });
      response.end(JSON.stringify({ code: isMtlsPopError(error) ? error.code : "", message: String(error) }));
    }
  };
}

async function startApi(certificateFrom: PopRequestOptions["certificateFrom"], options: ServerOptions = {}): Promise<string> {
  const credentials = await authority.serverCredentials(NAME);
  const server = createServer({ ...credentials, requestCert: true, rejectUnauthorized: false, ...options }, answering(certificateFrom));
  // each request over a connection of its own
  server.maxRequestsPerSocket = 1;
  const port = await listen(server);
  stops.push(async () => void server.close());
  return `https://${NAME}:${port}`;
}

async function startPlainApi(certificateFrom: PopRequestOptions["certificateFrom"]): Promise<string> {
  const server = createHttpServer(answering(certificateFrom));
  const port = await listen(server);
  stops.push(async () => void server.close());
  return `http://127.0.0.1:${port}`;
}

interface Answer {
  readonly status: number;
  readonly challenge: string | undefined;
  readonly body: Record<string, unknown>;
}

/** A request whose headers are the test's own, two of one name too. */
function byHand(url: string, headers: Record<string, string | string[]>, certificate?: BindingCertificate): Promise<Answer> {
  const secureContext = certificate?.secureContext({ ca: transport.ca });
  return new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    const outgoing = send(url, { headers, agent: false, ...transport, ...(secureContext && { secureContext }) });
    outgoing.on("error", reject).on("response", async (response: IncomingMessage) => {
      const text = (await response.setEncoding("utf8").toArray()).join("");
      const body = text === "" ? {} : JSON.parse(text);
      resolve({ status: response.statusCode ?? 0, challenge: response.headers["www-authenticate"], body });
    });
    outgoing.end();
  });
}

const fingerprint = ({ thumbprintSha256 }: BindingCertificate): string => thumbprintSha256.replaceAll(/..(?!$)/g, "$&:");
const tokenOf = async (certificate: BindingCertificate): Promise<string> => (await world.tokenOf(certificate)).accessToken;

describe("the certificate of the connection", () => {
  let url: string;
  beforeAll(async () => {
    url = await startApi("connection");
  });

  it.each(["pop", "mtls_pop"] as const)("lets a bound fetch in that says %s", async (authorizationScheme) => {
    const orders = { baseUrl: url, scope: world.customApi.scope, authorizationScheme };
    await using popFetch = world.popFetch({ resources: { orders }, transport });
    const response = await popFetch(`${url}/orders`);
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({ clientId: world.clientId, scheme: authorizationScheme, certificate: fingerprint(world.certificate) }),
    ]);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("is there on a connection that resumes a session of %s", async (version) => {
    const resuming = await startApi("connection", { minVersion: version, maxVersion: version });
    const orders = { baseUrl: resuming, scope: world.customApi.scope };
    await using popFetch = world.popFetch({ resources: { orders }, transport });
    const call = async () => (await popFetch(resuming)).json();
    const certificate = fingerprint(world.certificate);
    expect(await call()).toMatchObject({ certificate, resumed: false });
    expect(await call()).toMatchObject({ certificate, resumed: true });
  });

  it("turns a stolen token away: with another certificate, with none, and with the victim's in headers", async () => {
    const authorization = `pop ${await tokenOf(world.certificate)}`;
    const thief = (await world.newCertificate()).certificate;
    const victim = world.issued.certificateDer.toString("base64");
    const headers = { authorization, "x-arr-clientcert": victim, "x-client-cert": victim, "ssl-client-cert": victim };
    expect(await byHand(url, { authorization }, world.certificate)).toMatchObject({ status: 200 });
    for (const forged of [{ authorization }, headers]) {
      expect(await byHand(url, forged, thief)).toMatchObject({ status: 401, body: { code: "token_confirmation_mismatch" } });
      expect(await byHand(url, forged)).toMatchObject({ status: 401, body: { code: "client_certificate_missing" } });
    }
  });

  it("does not make up for Bearer, for two tokens or for none", async () => {
    const token = await tokenOf(world.certificate);
    const answers = await Promise.all(
      [{ authorization: `Bearer ${token}` }, { authorization: [`pop ${token}`, `pop ${token}`] }, {}].map((headers) =>
        byHand(url, headers, world.certificate),
      ),
    );
    expect(answers.map(({ status, challenge, body }) => [status, challenge, body["code"]])).toEqual([
      [401, "pop, mtls_pop", "authorization_scheme_refused"],
      [401, expect.stringContaining('error="invalid_token"'), "authorization_malformed"],
      [401, "pop, mtls_pop", "authorization_missing"],
    ]);
  });

  it("is refused as a source where the request has no TLS connection, and that is no 401", async () => {
    const headers = { authorization: `pop ${await tokenOf(world.certificate)}` };
    const plain = await byHand(await startPlainApi("connection"), headers);
    expect(plain).toMatchObject({ status: 500, challenge: undefined, body: { code: "invalid_options" } });
    expect(plain.body["message"]).toMatch(/did not come over a TLS connection of this process/);
    const request = new Request("https://orders.example", { headers });
    await expect(verifyPopRequest(request, { ...base, certificateFrom: "connection" })).rejects.toMatchObject({ code: "invalid_options" });
  });
});

describe("the certificate of a header", () => {
  const nginx = { header: "X-Client-Cert", setBy: "nginx" };
  const pem = () => world.issued.certificatePem;
  const der = () => world.issued.certificateDer.toString("base64");
  let url: string;
  let headers: { authorization: string };
  beforeAll(async () => {
    url = await startPlainApi(nginx);
    headers = { authorization: `pop ${await tokenOf(world.certificate)}` };
  });

  it("is taken in the ways of nginx and HAProxy, from that header alone", async () => {
    for (const value of [encodeURIComponent(pem()), der(), pem().replaceAll("\n", " ")]) {
      expect(await byHand(url, { ...headers, "x-client-cert": value })).toMatchObject({ status: 200, body: { clientId: world.clientId } });
    }
    const elsewhere = await byHand(url, { ...headers, "x-arr-clientcert": der() });
    expect(elsewhere).toMatchObject({ status: 401, body: { code: "client_certificate_missing" } });
    expect(elsewhere.body["message"]).toMatch(/in the header X-Client-Cert, which nginx sets/);
  });

  it("is refused when it came twice: a proxy has added its own to a caller's", async () => {
    const thief = (await world.newCertificate()).issued.certificateDer.toString("base64");
    for (const value of [
      [der(), thief],
      [thief, der()],
      [der(), der()],
    ]) {
      expect(await byHand(url, { ...headers, "x-client-cert": value })).toMatchObject({
        status: 401,
        body: { code: "client_certificate_malformed", message: expect.stringMatching(/more than one value/) },
      });
    }
  });

  it("is App Service's with app-service-required", async () => {
    const appService = await startPlainApi("app-service-required");
    expect(await byHand(appService, { ...headers, "X-ARR-ClientCert": der() })).toMatchObject({ status: 200 });
    expect(await byHand(appService, { ...headers, "x-client-cert": der() })).toMatchObject({ status: 401 });
  });

  it("is taken from whatever has headers to ask for", async () => {
    const request = new Request("https://orders.example", { headers: { ...headers, "x-client-cert": der() } });
    await expect(verifyPopRequest(request, { ...base, certificateFrom: nginx })).resolves.toMatchObject({ clientId: world.clientId });
    request.headers.append("x-client-cert", der());
    await expect(verifyPopRequest(request, { ...base, certificateFrom: nginx })).rejects.toMatchObject({
      code: "client_certificate_malformed",
    });
  });

  it.each([
    undefined,
    "header",
    "app-service",
    { header: "x" },
    { header: "a b", setBy: "x" },
    { header: "x", setBy: "" },
    { ...nginx, format: "pem" },
  ])("has to be said where it comes from: %j is refused", async (certificateFrom) => {
    const options = { ...base, certificateFrom } as unknown as PopRequestOptions;
    await expect(verifyPopRequest(new Request("https://orders.example"), options)).rejects.toMatchObject({
      code: "invalid_options",
      message: expect.stringMatching(/`certificateFrom`/),
    });
  });
});

describe("the emulator's keys", () => {
  it("are away, and the answer is this side's trouble", async () => {
    const options: PopRequestOptions = { ...base, certificateFrom: "app-service-required", transport: { ...world.transport } };
    const authorization = `pop ${await tokenOf(world.certificate)}`;
    const request = new Request("https://orders.example", {
      headers: { authorization, "x-arr-clientcert": world.issued.certificateDer.toString("base64") },
    });
    world.emulator.faults.add({ on: "token", kind: "region-down", host: world.host.replace(/:\d+$/, "") });
    await expect(verifyPopRequest(request, options)).rejects.toMatchObject({ code: "signing_keys_unavailable", retryable: true });
    await expect(verifyPopRequest(request, options)).resolves.toMatchObject({ clientId: world.clientId });
  });
});
