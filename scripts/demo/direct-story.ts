import type { LocalApp, RecordedRequest } from "@mtls-pop/emulator";
import { callHealth, tellFirstAnswer } from "./app-caller.js";
import type { Cast, Flow } from "./flow.js";
import type { Narrator } from "./narrator.js";
import { REGION, SECRET, startCloud, TOKEN_LATENCY_MS } from "./stage.js";
import { assertTrue } from "./statement.js";
import { tellSecret } from "./tell-secret.js";
import { tellTheft } from "./tell-theft.js";
import { lastReceived, received } from "./wire.js";

/** An application with a certificate, and a token that is bound to that. */
export const direct: Flow<LocalApp> = {
  startCloud,
  introduce: ({ emulator: { authority, keyVault }, app }) => ({
    line: "emulator started, application registered with its certificate",
    facts: { "token server": authority, vault: keyVault.url, application: app.clientId },
  }),
  tokenRequests: 1,
  async tellStory(cast, narrator) {
    const { clientId: application, certificate } = cast.app;
    await tellFirstCall(cast, narrator);
    await tellSecret(cast, { application, certificate, whose: "the app's" }, narrator);
    await tellSecondCall(cast, narrator);
    const { replay } = await tellTheft(cast, narrator);
    await narrator.step("replaying the token with the app's own certificate", async () => {
      const answer = await replay(certificate);
      assertTrue("the certificate alone made the difference", answer, { status: 200, words: SECRET.value });
      return { line: "the same request with the app's own certificate: taken, so nothing else was wrong with it", value: undefined };
    });
  },
};

async function tellFirstCall({ emulator, app, host }: Cast<LocalApp>, narrator: Narrator): Promise<void> {
  narrator.heading(`First call: GET /api/health (the token server takes ${TOKEN_LATENCY_MS} ms, as over a network)`);
  const { certificate, token } = await tellFirstAnswer(host, narrator);

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

async function tellSecondCall({ emulator, host }: Cast<LocalApp>, narrator: Narrator): Promise<void> {
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

function pick({ hostname: host, pathname: path }: URL): { host: string; path: string } {
  return { host, path };
}

/** The credentials of a token request's form. */
function proofs({ form = {} }: RecordedRequest): string[] {
  return Object.keys(form).filter((field) => /^client_(?:secret|assertion)|^req_cnf$/.test(field));
}
