import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { app, HttpResponse } from "@azure/functions";
import { BindingCertificate, ConfidentialClientApplication, createPopFetch } from "@mtls-pop/core";
import { type FunctionsHost, startFunctionsHost } from "@mtls-pop/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RequireMtlsPopOptions, requireMtlsPop } from "../../src/guard/index.js";
import { withMtlsPop } from "../../src/index.js";
import { type LocalApp, localApp, SECRET, secretPath, vault } from "../local-app.js";
import { APP_SERVICE, startFrontEnd } from "./front-end.js";

const options: RequireMtlsPopOptions = {
  issuer: "%API_ISSUER%",
  audience: ["%API_AUDIENCE%"],
  jwks: "%API_JWKS%",
  certificateFrom: "app-service-required",
  realm: "orders",
};

let local: LocalApp;
let host: FunctionsHost;
let caller: { application: ConfidentialClientApplication; certificate: BindingCertificate; token: string };
const seen: string[] = [];

beforeAll(async () => {
  local = await localApp();
  const { emulator } = local;
  const env = {
    ...local.settings,
    API_ISSUER: `${emulator.authority}/v2.0`,
    API_AUDIENCE: emulator.customApi.audience,
    API_JWKS: `${emulator.authority}/discovery/v2.0/keys`,
  };
  host = await startFunctionsHost({ entry: register, env });
  const certificate = await BindingCertificate.fromPem(local.certificate.chainPem, { key: local.certificate.privateKeyPem });
  const application = new ConfidentialClientApplication({
    clientId: local.settings.AZURE_CLIENT_ID,
    authority: emulator.authority,
    certificate,
    knownAuthorities: [new URL(emulator.authority).host],
    transport: { ca: emulator.ca, lookup: emulator.lookup },
  });
  const { accessToken } = await application.acquireBoundToken({ scopes: [emulator.customApi.scope] });
  caller = { application, certificate, token: accessToken };
});

afterAll(async () => {
  await host.close();
  await local.close();
});

/** The functions of the app: one host for all tests, since the registrations say what differs. */
function register(): void {
  const guarded = (name: string, over: Partial<RequireMtlsPopOptions> = {}) =>
    app.http(name, {
      authLevel: "anonymous",
      handler: requireMtlsPop({ ...options, ...over }, (request, context, { claims, clientId, certificate, scheme }) => {
        seen.push(context.functionName);
        return { jsonBody: { clientId, scheme, aud: claims.aud, certificate: certificate.fingerprint256, method: request.method } };
      }),
    });
  guarded("orders");
  guarded("behindNginx", { certificateFrom: { header: "X-Client-Cert", setBy: "nginx" } });
  guarded("elsewhere", { jwks: "https://login.emulator.localhost:1/keys" });
  guarded("unset", { issuer: "%NO_SUCH_SETTING%" });
  guarded("insecure", { jwks: "%KEY_VAULT_HTTP%" });
  app.get("throws", {
    handler: requireMtlsPop(options, () => {
      throw new RangeError("my own");
    }),
  });
  app.get(
    "built",
    requireMtlsPop(options, async () => new HttpResponse({ status: 418, body: "teapot" })),
  );
  app.http("onward", {
    handler: withMtlsPop(
      { resources: { vault } },
      requireMtlsPop(options, async (_request, _context, { clientId }, clients) => {
        const response = await clients.vault(secretPath);
        return { jsonBody: { clientId, secret: (await response.json()) as unknown } };
      }),
    ),
  });
}

type Headers = Record<string, string | readonly string[]>;
interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** A request to the host itself, or through a front end with a certificate; its headers are the test's own. */
function call(url: string, headers: Headers, tls?: { ca: string; certificate?: BindingCertificate }): Promise<Answer> {
  const secureContext = tls?.certificate?.secureContext({ ca: [tls.ca] });
  const { port, pathname, hostname } = new URL(url);
  const to = { port, path: pathname, agent: false, headers: { ...headers, host: hostname }, host: "127.0.0.1", servername: hostname };
  return new Promise((resolve, reject) => {
    const outgoing = tls ? httpsRequest({ ...to, ca: tls.ca, ...(secureContext && { secureContext }) }) : httpRequest(to);
    outgoing.on("error", reject).on("response", async (response: IncomingMessage) => {
      const text = (await response.setEncoding("utf8").toArray()).join("");
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
    });
    outgoing.end();
  });
}

const direct = (name: string, headers: Headers = {}) =>
  call(`${host.url}/api/${name}`, {
    authorization: `pop ${caller.token}`,
    "x-arr-clientcert": local.certificate.certificateDer.toString("base64"),
    ...headers,
  });
const codeOf = ({ text }: Answer): string => JSON.parse(text).error.code;
const logLines = (word: string) => host.logs.filter(({ message }) => message.includes(word));
const stranger = async (): Promise<BindingCertificate> => {
  const { chainPem, privateKeyPem } = await local.emulator.issueCertificate();
  return BindingCertificate.fromPem(chainPem, { key: privateKeyPem });
};

describe("a function that requires bound tokens", () => {
  it("is reached by a bound fetch through App Service's front end, and knows token and certificate", async () => {
    const front = await startFrontEnd(host.url, APP_SERVICE);
    try {
      await using popFetch = createPopFetch({
        tokens: caller.application,
        resources: { orders: { baseUrl: front.url, scope: local.emulator.customApi.scope } },
        transport: {
          ca: front.ca,
          lookup: (_name, { all }, callback) =>
            all ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4),
        },
      });
      const response = await popFetch(`${front.url}/api/orders`);
      expect([response.status, await response.json()]).toEqual([
        200,
        {
          clientId: local.settings.AZURE_CLIENT_ID,
          scheme: "pop",
          aud: "api://orders",
          certificate: local.certificate.thumbprintSha256.replaceAll(/..(?!$)/g, "$&:"),
          method: "GET",
        },
      ]);
    } finally {
      await front.close();
    }
  });

  it("turns away a thief whose header says that it is the victim, where the front end requires certificates", async () => {
    const front = await startFrontEnd(host.url, APP_SERVICE);
    try {
      const headers = { authorization: `pop ${caller.token}`, "x-arr-clientcert": local.certificate.certificateDer.toString("base64") };
      const url = `${front.url}/api/orders`;
      seen.length = 0;
      const thief = await call(url, headers, { ca: front.ca, certificate: await stranger() });
      expect([thief.status, codeOf(thief)]).toEqual([401, "token_confirmation_mismatch"]);
      expect((await call(url, headers, { ca: front.ca })).status).toBe(403);
      expect(seen).toEqual([]);
      expect((await call(url, headers, { ca: front.ca, certificate: caller.certificate })).status).toBe(200);
    } finally {
      await front.close();
    }
  });

  it("cannot tell a forged header where nobody replaces it: that is why the option says who does", async () => {
    expect((await direct("orders")).status).toBe(200);
    const careless = { header: "x-client-cert", write: APP_SERVICE.write, required: false, replaces: false };
    const front = await startFrontEnd(host.url, careless);
    try {
      const forged = { authorization: `pop ${caller.token}`, "x-client-cert": local.certificate.certificateDer.toString("base64") };
      const url = `${front.url}/api/behindNginx`;
      // two values show that a proxy has added its own; one that adds none is believed
      const added = await call(url, forged, { ca: front.ca, certificate: await stranger() });
      expect([added.status, codeOf(added)]).toEqual([401, "client_certificate_malformed"]);
      expect((await call(url, forged, { ca: front.ca })).status).toBe(200);
    } finally {
      await front.close();
    }
  });

  it("takes the certificate in the ways of nginx and HAProxy, from the header that was named alone", async () => {
    const { certificatePem, certificateDer } = local.certificate;
    for (const value of [encodeURIComponent(certificatePem), certificateDer.toString("base64"), certificatePem.replaceAll("\n", " ")]) {
      expect((await direct("behindNginx", { "x-client-cert": value })).status).toBe(200);
    }
    const missing = await direct("behindNginx");
    expect([missing.status, codeOf(missing)]).toEqual([401, "client_certificate_missing"]);
    expect(logLines("client_certificate_missing").at(-1)).toMatchObject({
      level: "warning",
      message: expect.stringMatching(/in the header X-Client-Cert, which nginx sets/),
    });
  });
});

describe("a caller that is turned away", () => {
  it.each<[string, () => Headers | Promise<Headers>, string, string]>([
    [
      "sends Bearer",
      () => ({ authorization: `Bearer ${caller.token}` }),
      "authorization_scheme_refused",
      'pop realm="orders", mtls_pop realm="orders"',
    ],
    [
      "sends no token",
      () => ({ authorization: "pop" }),
      "authorization_malformed",
      'error_description="The Authorization header does not hold',
    ],
    [
      "sends a changed token",
      () => ({ authorization: `pop ${caller.token.slice(0, -8)}` }),
      "token_signature_invalid",
      'error="invalid_token"',
    ],
    ["sends two certificates", () => ({ "x-arr-clientcert": ["AAAA", "AAAA"] }), "client_certificate_malformed", "cannot be read"],
    ["sends no certificate", () => ({ "x-arr-clientcert": "" }), "client_certificate_missing", "No client certificate"],
    [
      "sends another one",
      async () => ({ "x-arr-clientcert": (await local.emulator.issueCertificate()).certificateDer.toString("base64") }),
      "token_confirmation_mismatch",
      "bound to another certificate",
    ],
  ])("gets a 401 that says what is wrong, when it %s", async (_name, headers, code, challenge) => {
    seen.length = 0;
    const answer = await direct("orders", await headers());
    expect([answer.status, codeOf(answer)]).toEqual([401, code]);
    expect(answer.headers["www-authenticate"]).toContain(challenge);
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(seen).toEqual([]);
    expect(logLines(`[mtls-pop] ${code}: `).at(-1)?.level).toBe("warning");
    expect(JSON.stringify(host.logs)).not.toContain(caller.token.slice(-40));
  });

  it("gets a 401 for a token of another audience", async () => {
    const { accessToken } = await caller.application.acquireBoundToken({ scopes: ["https://graph.microsoft.com/.default"] });
    const answer = await direct("orders", { authorization: `pop ${accessToken}` });
    expect([answer.status, codeOf(answer)]).toEqual([401, "token_audience_refused"]);
    expect(answer.headers["www-authenticate"]).not.toContain("api://orders");
  });

  it("gets a 503 and no challenge when the issuer's keys cannot be had", async () => {
    const answer = await direct("elsewhere");
    expect([answer.status, codeOf(answer), answer.headers["www-authenticate"]]).toEqual([503, "signing_keys_unavailable", undefined]);
  });

  it("gets a 500 when a setting is missing or wrong, and the log names it", async () => {
    const unset = await direct("unset");
    expect([unset.status, codeOf(unset)]).toEqual([500, "settings_missing"]);
    expect(logLines("NO_SUCH_SETTING (`issuer` of requireMtlsPop)")).toHaveLength(1);
    process.env["KEY_VAULT_HTTP"] = "http://login.emulator.localhost/keys";
    try {
      expect(codeOf(await direct("insecure"))).toBe("invalid_options");
      expect(logLines("KEY_VAULT_HTTP is `jwks` of requireMtlsPop")).toHaveLength(1);
    } finally {
      delete process.env["KEY_VAULT_HTTP"];
    }
  });
});

describe("a handler that is guarded", () => {
  it("answers with what it returns, and what it throws passes through", async () => {
    const built = await direct("built");
    expect([built.status, built.text]).toEqual([418, "teapot"]);
    const thrown = await direct("throws");
    expect([thrown.status, thrown.text]).toEqual([500, ""]);
  });

  it("has its bound clients beside the caller inside withMtlsPop", async () => {
    const answer = await direct("onward");
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      200,
      { clientId: local.settings.AZURE_CLIENT_ID, secret: expect.objectContaining({ value: SECRET }) },
    ]);
    expect((await direct("onward", { authorization: "pop a.b.c" })).status).toBe(401);
  });
});
