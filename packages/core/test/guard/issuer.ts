import { generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Server } from "node:net";
import { exportJWK, type JWTPayload, SignJWT } from "jose";
import { loopbackLookup } from "../../../emulator/src/server/loopback-lookup.js";
import type { PopTokenOptions } from "../../src/guard/pop-token-options.js";
import type { TransportOptions } from "../../src/transport/transport-options.js";
import { authority, issue } from "../certificate/authority.js";

const HOST = "issuer.example";
export const ISSUER = `https://${HOST}/tenant/v2.0`;
export const AUDIENCE = "api://orders";

/** One client certificate for a test file. */
export const caller: X509Certificate = new X509Certificate((await issue()).certificateDer);
export const confirmation = (certificate: X509Certificate): string =>
  Buffer.from(certificate.fingerprint256.replaceAll(":", ""), "hex").toString("base64url");

/** What a token is to be; what is left out is right. */
interface TokenInput {
  readonly claims?: JWTPayload;
  readonly header?: Record<string, unknown>;
  readonly key?: KeyObject | Uint8Array;
}

/** An issuer that signs whatever a test wants, and shows its keys over TLS. */
export async function startIssuer() {
  const keys = new Map([["first", generateKeyPairSync("rsa", { modulusLength: 2048 })]]);
  let asked = 0;
  let answer: (response: ServerResponse) => Promise<void> | void = showKeys;

  async function showKeys(response: ServerResponse): Promise<void> {
    const shown = Array.from(keys, async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid, use: "sig" }));
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: await Promise.all(shown) }));
  }

  const server = createServer(await authority.serverCredentials(HOST), (_request, response) => {
    asked++;
    void answer(response);
  });
  const port = await listen(server);
  const transport: TransportOptions = { ca: authority.rootPem, lookup: loopbackLookup((name) => name.endsWith(".example")) };
  const jwks = `https://${HOST}:${port}/keys`;

  return {
    keys,
    jwks,
    /** How often the keys were asked for. */
    asked: () => asked,
    /** Answers otherwise from now on; without an argument with the keys again. */
    answerWith: (other: typeof answer = showKeys) => {
      answer = other;
    },
    /** Options that are right, with an object of their own for the connections, so that no keys are kept yet. */
    options: (over: Partial<PopTokenOptions> = {}): PopTokenOptions => ({
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks,
      transport: { ...transport },
      ...over,
    }),
    async token({ claims, header, key }: TokenInput = {}): Promise<string> {
      const seconds = Math.floor(Date.now() / 1000);
      const all = {
        iss: ISSUER,
        aud: AUDIENCE,
        nbf: seconds,
        exp: seconds + 3600,
        azp: "client",
        cnf: { "x5t#S256": confirmation(caller) },
        ...claims,
      };
      // an explicit undefined takes a claim or a header's member away
      const jwt = new SignJWT(JSON.parse(JSON.stringify(all))).setProtectedHeader({ alg: "RS256", kid: "first", typ: "JWT", ...header });
      return jwt.sign(key ?? keys.get("first")?.privateKey ?? new Uint8Array());
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export type Issuer = Awaited<ReturnType<typeof startIssuer>>;

/** @returns the port on loopback */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port.");
  return address.port;
}
