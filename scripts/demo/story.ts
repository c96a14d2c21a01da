import type { Emulator, FunctionsHost, LocalApp, RecordedRequest } from "@mtls-pop/emulator";
import { assertKeyNeeded, callHealth, callSecret } from "./app-caller.js";
import type { Narrator } from "./narrator.js";
import { REGION, SECRET, TOKEN_LATENCY_MS } from "./stage.js";
import { assertTrue } from "./statement.js";
import { replay, type ShownCertificate, type VaultAddress } from "./thief.js";
import { lastReceived, received, tokenOf } from "./wire.js";

/** Who plays. */
export interface Cast {
  readonly emulator: Emulator;
  readonly app: LocalApp;
  readonly host: FunctionsHost;
  /** The vault that the thief goes to. @default the app's */
  readonly robbedVault?: VaultAddress;
}

/**
 * Tells how the app comes to its secret and the thief does not. Every statement is held against what the app says of itself, what
 * the emulator saw on the wire and what stands in the token.
 *
 * @throws {UntrueStatement} at the first that does not hold
 */
export async function tellStory(cast: Cast, narrator: Narrator): Promise<void> {
  await tellFirstCall(cast, narrator);
  await tellSecret(cast, narrator);
  await tellSecondCall(cast, narrator);
  await tellTheft(cast, narrator);
}

async function tellFirstCall({ emulator, app, host }: Cast, narrator: Narrator): Promise<void> {
  narrator.heading(`First call: GET /api/health (the token server takes ${TOKEN_LATENCY_MS} ms, as over a network)`);
  const { certificate, token } = await narrator.step("calling the app", async () => {
    const value = await callHealth(host);
    await assertKeyNeeded(host);
    return { line: "the app answers whoever has its function key", value };
  });

  const { thumbprint, subject } = certificate;
  const given = { thumbprint: app.certificate.thumbprint, subject: `CN=${app.clientId}` };
  assertTrue("the app's certificate is the one that it was given", { thumbprint, subject }, given);
  narrator.tell("certificate loaded", { subject, thumbprint });

  const request = lastReceived(emulator.requests, "token");
  const [login, mtlsauth] = ["//login.", `//${REGION}.mtlsauth.`];
  const endpoint = `${emulator.authority.replace(login, mtlsauth)}/oauth2/v2.0/token`;
  assertTrue("the token endpoint is the region's one for mutual TLS", token.endpoint, endpoint);
  assertTrue("the request went there", { host: request.host, path: request.path }, pick(new URL(endpoint)));
  narrator.tell("token endpoint chosen", { authority: emulator.authority, endpoint: token.endpoint });

  assertTrue("the app asked for a bound token", request.form?.["token_type"], "mtls_pop");
  assertTrue("the certificate alone proved who the app is", proofs(request), []);
  assertTrue("the TLS connection showed the app's certificate", request.clientCertificate, app.certificate.certificateDer);
  assertTrue("the token is a bound one", token.tokenType, "mtls_pop");
  assertTrue("the first token comes from the identity provider", token.source, "IdentityProvider");
  assertTrue("warm-up and first call shared one token request", received(emulator.requests, "token").length, 1);
  narrator.tell("token acquired", {
    type: token.tokenType,
    "bound to": `${thumbprint}, the thumbprint of the certificate above`,
    source: `${token.source}; one request, shared by the warm-up at the start of the app and this call`,
    proof: "the certificate of the TLS connection, and no secret or assertion",
  });
}

async function tellSecret({ emulator, app, host }: Cast, narrator: Narrator): Promise<void> {
  narrator.heading(`With that token: GET /api/secrets/${SECRET.name}`);
  await narrator.step("reading the secret", async () => {
    const value = await callSecret(host, SECRET.name);
    assertTrue("the app returns the vault's secret", value, SECRET.value);
    const request = lastReceived(emulator.requests, "key-vault");
    const { scheme, token, confirmation } = tokenOf(request);
    assertTrue("the token goes under its own scheme", scheme, "mtls_pop");
    assertTrue("the token names the app's certificate", confirmation, app.certificate.x5tS256);
    assertTrue("the connection to the vault showed that certificate", request.clientCertificate, app.certificate.certificateDer);
    return {
      line: "secret returned",
      facts: {
        value: JSON.stringify(value),
        sent: `Authorization: ${scheme} ${token.slice(0, 12)}…`,
        "in the token": `cnf["x5t#S256"] = ${confirmation}, the SHA-256 of the certificate`,
        "in the TLS": `the same certificate, asked for by renegotiation (${request.tlsProtocol})`,
      },
      value: undefined,
    };
  });
}

async function tellSecondCall({ emulator, host }: Cast, narrator: Narrator): Promise<void> {
  narrator.heading("Second call: GET /api/health");
  await narrator.step("calling the app again", async () => {
    const { token } = await callHealth(host);
    assertTrue("the second token comes from the cache", token.source, "Cache");
    assertTrue("no further token was asked for", received(emulator.requests, "token").length, 1);
    return {
      line: "token taken from the cache",
      facts: { source: `${token.source}; still one request at the token endpoint` },
      value: undefined,
    };
  });
}

async function tellTheft({ emulator, app, robbedVault }: Cast, narrator: Narrator): Promise<void> {
  narrator.heading("A thief has the token, but not the key");
  const vault = robbedVault ?? { url: emulator.keyVault.url, ca: emulator.ca, lookup: emulator.lookup };
  const stolen = lastReceived(emulator.requests, "key-vault");
  const { token } = tokenOf(stolen);
  const attempt = (shown?: ShownCertificate) => replay(vault, `${stolen.path}?api-version=7.4`, token, shown);
  const refused = (how: string, words: string, shown?: ShownCertificate) =>
    narrator.step(`replaying the token ${how}`, async () => {
      const answer = await attempt(shown);
      assertTrue(`the vault refuses the token ${how}`, answer, { status: 401, words });
      return { line: `replayed ${how}: refused`, facts: { "the vault": `${answer.status} ${answer.words}` }, value: undefined };
    });

  // trusted by the vault, as any other customer's
  const another = await emulator.issueCertificate({ subject: "CN=thief", keyType: "EC-P256" });
  await refused("with another certificate", "MtlsCnfClaimRequestDataValidationFailed", another);
  await refused("with no certificate", "MissingClientCertificate");
  await narrator.step("replaying the token with the app's own certificate", async () => {
    const answer = await attempt(app.certificate);
    assertTrue("the certificate alone made the difference", answer, { status: 200, words: SECRET.value });
    return { line: "the same request with the app's own certificate: taken, so nothing else was wrong with it", value: undefined };
  });
}

function pick({ hostname: host, pathname: path }: URL): { host: string; path: string } {
  return { host, path };
}

/** The credentials of a token request's form. */
function proofs({ form = {} }: RecordedRequest): string[] {
  return Object.keys(form).filter((field) => /^client_(?:secret|assertion)|^req_cnf$/.test(field));
}
