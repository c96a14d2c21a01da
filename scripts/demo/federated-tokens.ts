import type { LocalIdentityApp } from "@mtls-pop/emulator";
import type { TokenState } from "./app-caller.js";
import type { Leg1Binding } from "./federated-certificate.js";
import type { Cast } from "./flow.js";
import type { Narrator } from "./narrator.js";
import { REGION } from "./stage.js";
import { assertTrue } from "./statement.js";
import { claimsOf } from "./wire.js";

const EXCHANGE = "api://AzureADTokenExchange";
const JWT_POP = "urn:ietf:params:oauth:client-assertion-type:jwt-pop";

/** Tells how the managed identity got its token for the exchange. */
export function tellLeg1Token(
  { emulator, app }: Cast<LocalIdentityApp>,
  { leg1Request, leg2Request, thumbprint, x5tS256 }: Leg1Binding,
  { token }: TokenState,
  narrator: Narrator,
): void {
  const { clientId, objectId } = app.identity;
  const endpoint = tokenEndpoint(emulator.authority, "mtlsauth");
  assertTrue(
    "leg 1's token endpoint is the one that IMDS named",
    { told: token.endpoint, asked: urlOf(leg1Request, endpoint) },
    both(endpoint),
  );
  assertTrue("leg 1 asked for a bound token for the exchange, and its certificate alone proved it", leg1Request.form, {
    client_id: clientId,
    grant_type: "client_credentials",
    scope: `${EXCHANGE}/.default`,
    token_type: "mtls_pop",
  });
  assertTrue("leg 1's token is a bound one", token.tokenType, "mtls_pop");
  const { audience, subject, confirmation } = claimsOf(leg2Request.form?.["client_assertion"] ?? "");
  const expected = { audience: EXCHANGE, subject: objectId, confirmation: x5tS256 };
  assertTrue("leg 1's token is the identity's, for the exchange, bound to its certificate", { audience, subject, confirmation }, expected);
  narrator.tell("leg 1: token acquired", {
    type: token.tokenType,
    for: EXCHANGE,
    "bound to": `${thumbprint}, the certificate above`,
    endpoint: token.endpoint,
    proof: "the certificate of the TLS connection, and no secret or assertion",
  });
}

/** Tells how the application exchanged that token for one of its own, on a connection with leg 1's certificate. */
export function tellLeg2Token(
  { emulator, app }: Cast<LocalIdentityApp>,
  { leg2Request, certificateDer, thumbprint }: Leg1Binding,
  { certificate, token }: TokenState,
  narrator: Narrator,
): void {
  const endpoint = tokenEndpoint(emulator.authority, `${REGION}.mtlsauth`);
  assertTrue(
    "leg 2's token endpoint is the region's one for mutual TLS",
    { told: token.endpoint, asked: urlOf(leg2Request, endpoint) },
    both(endpoint),
  );
  const { client_assertion: _, ...form } = leg2Request.form ?? {};
  assertTrue("leg 2 asked for a bound token with leg 1's token as its proof", form, {
    client_id: app.environment.AZURE_CLIENT_ID,
    grant_type: "client_credentials",
    scope: "https://vault.azure.net/.default",
    token_type: "mtls_pop",
    client_assertion_type: JWT_POP,
  });
  assertTrue("leg 2's connection showed leg 1's certificate", leg2Request.clientCertificate, certificateDer);
  assertTrue("leg 2's token is a bound one", token.tokenType, "mtls_pop");
  assertTrue("leg 2's certificate is leg 1's", certificate.thumbprint, thumbprint);
  assertTrue("the first token comes from the identity provider", token.source, "IdentityProvider");
  narrator.tell("leg 2: token acquired", {
    type: token.tokenType,
    "given to": `${app.environment.AZURE_CLIENT_ID}, the application`,
    certificate: `${certificate.subject}, issued by ${certificate.issuer}`,
    "bound to": `${certificate.thumbprint}, leg 1's certificate`,
    endpoint: token.endpoint,
    proof: "leg 1's token as a jwt-pop assertion, and leg 1's certificate in the TLS connection",
    source: `${token.source}; one request for each leg, shared by the warm-up at the start of the app and this call`,
  });
}

function tokenEndpoint(authority: string, host: string): string {
  return `${authority.replace("//login.", `//${host}.`)}/oauth2/v2.0/token`;
}

/** Where a request went; the record has no port. */
function urlOf({ host, path }: { host: string; path: string }, endpoint: string): string {
  return `https://${host}:${new URL(endpoint).port}${path}`;
}

function both(endpoint: string): { told: string; asked: string } {
  return { told: endpoint, asked: endpoint };
}
