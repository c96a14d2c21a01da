import { callSecret } from "./app-caller.js";
import type { Cast, DemoApp } from "./flow.js";
import type { Narrator } from "./narrator.js";
import { SECRET } from "./stage.js";
import { assertTrue } from "./statement.js";
import { lastReceived, tokenOf } from "./wire.js";

/** What a token has to show for itself at the vault. */
export interface TokenToShow {
  /** Client id of the application whose token it is. */
  readonly application: string;
  /** The certificate that it is bound to. */
  readonly certificate: { readonly certificateDer: Buffer; readonly x5tS256: string };
  /** That certificate, in words. */
  readonly whose: string;
}

/** Tells how the app reads the secret with its token, over a connection with the token's own certificate. */
export async function tellSecret<App extends DemoApp>(
  { emulator, host }: Cast<App>,
  shown: TokenToShow,
  narrator: Narrator,
): Promise<void> {
  narrator.heading(`With that token: GET /api/secrets/${SECRET.name}`);
  await narrator.step("reading the secret", async () => {
    const { application, certificate, whose } = shown;
    const value = await callSecret(host, SECRET.name);
    assertTrue("the app returns the vault's secret", value, SECRET.value);
    const request = lastReceived(emulator.requests, "key-vault");
    const { scheme, token, claims } = tokenOf(request);
    assertTrue("the token goes under its own scheme", scheme, "mtls_pop");
    assertTrue("the token was given to the application", claims.application, application);
    assertTrue(`the token names ${whose} certificate`, claims.confirmation, certificate.x5tS256);
    assertTrue("the connection to the vault showed that certificate", request.clientCertificate, certificate.certificateDer);
    return {
      line: "secret returned",
      facts: {
        value: JSON.stringify(value),
        sent: `Authorization: ${scheme} ${token.slice(0, 12)}…`,
        "in the token": `cnf["x5t#S256"] = ${claims.confirmation}, the SHA-256 of ${whose} certificate`,
        "in the TLS": `the same certificate, asked for by renegotiation (${request.tlsProtocol})`,
      },
      value: undefined,
    };
  });
}
