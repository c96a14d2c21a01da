import type { LocalIdentityApp } from "@mtls-pop/emulator";
import { callHealth, callSecret, type TokenState, tellFirstAnswer } from "./app-caller.js";
import { bindingOf, type Leg1Binding, tellCertificate } from "./federated-certificate.js";
import { tellLeg1Token, tellLeg2Token } from "./federated-tokens.js";
import type { Cast, Flow } from "./flow.js";
import type { Narrator } from "./narrator.js";
import { SECRET, startFederatedCloud, TOKEN_LATENCY_MS } from "./stage.js";
import { assertTrue, UntrueStatement } from "./statement.js";
import { tellSecret } from "./tell-secret.js";
import { tellTheft } from "./tell-theft.js";
import { lastReceived, received, tokenOf } from "./wire.js";

/** A managed identity as leg 1, an application without a credential of its own as leg 2, and a token bound to leg 1's certificate. */
export const federated: Flow<LocalIdentityApp> = {
  startCloud: startFederatedCloud,
  introduce: ({ emulator: { authority, instanceMetadata, keyVault }, app: { identity, environment } }) => ({
    line: "emulator started, application registered to trust the machine's managed identity",
    facts: {
      "metadata service": instanceMetadata.url,
      "token server": authority,
      vault: keyVault.url,
      "managed identity": `${identity.clientId}, user-assigned`,
      application: String(environment.AZURE_CLIENT_ID),
    },
  }),
  tokenRequests: 2,
  async tellStory(cast, narrator) {
    const binding = await tellFirstCall(cast, narrator);
    const application = String(cast.app.environment.AZURE_CLIENT_ID);
    await tellSecret(cast, { application, certificate: binding, whose: "leg 1's" }, narrator);
    await tellSecondCall(cast, narrator);
    await tellTheft(cast, narrator);
    await tellOwner(cast, binding, narrator);
  },
};

async function tellFirstCall(cast: Cast<LocalIdentityApp>, narrator: Narrator): Promise<Leg1Binding> {
  narrator.heading(`First call: GET /api/health (the token server takes ${TOKEN_LATENCY_MS} ms for each leg, as over a network)`);
  const health = await tellFirstAnswer(cast.host, narrator);
  const leg1 = leg1Of(health);
  const binding = bindingOf(cast);
  tellCertificate(cast, binding, leg1, narrator);
  tellLeg1Token(cast, binding, leg1, narrator);
  tellLeg2Token(cast, binding, health, narrator);
  return binding;
}

async function tellSecondCall({ emulator, host }: Cast<LocalIdentityApp>, narrator: Narrator): Promise<void> {
  narrator.heading("Second call: GET /api/health");
  await narrator.step("calling the app again", async () => {
    const health = await callHealth(host);
    const sources = { leg1: leg1Of(health).token.source, leg2: health.token.source };
    assertTrue("both tokens come from the cache", sources, { leg1: "Cache", leg2: "Cache" });
    const asked = { imds: received(emulator.requests, "instance-metadata").length, token: received(emulator.requests, "token").length };
    assertTrue("neither IMDS nor the token endpoint was asked again", asked, { imds: 2, token: 2 });
    return {
      line: "both tokens taken from the cache",
      facts: { source: `${sources.leg2}; still one certificate from IMDS and two requests at the token endpoint` },
      value: undefined,
    };
  });
}

/** The key never leaves the app, so it is the app itself that shows what else the token needed: nothing. */
async function tellOwner({ emulator, host }: Cast<LocalIdentityApp>, { certificateDer }: Leg1Binding, narrator: Narrator): Promise<void> {
  const stolen = tokenOf(lastReceived(emulator.requests, "key-vault")).token;
  await narrator.step("sending the same token from the app, which has the key", async () => {
    const value = await callSecret(host, SECRET.name);
    const request = lastReceived(emulator.requests, "key-vault");
    const sent = { value, isTheStolenToken: tokenOf(request).token === stolen, status: request.status };
    assertTrue("the certificate alone made the difference", sent, { value: SECRET.value, isTheStolenToken: true, status: 200 });
    assertTrue("the app's connection showed leg 1's certificate", request.clientCertificate, certificateDer);
    return { line: "the same token from the app, which has the key: taken, so nothing else was wrong with it", value: undefined };
  });
}

function leg1Of({ leg1 }: { readonly leg1?: TokenState }): TokenState {
  if (leg1) return leg1;
  throw new UntrueStatement("Not true: the app tells the state of its leg 1. Its answer has no `leg1`.");
}
