import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  type JWK,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from "jose";

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/**
 * The key that signs access tokens. Making it takes a few hundred milliseconds, so it begins at once, is waited for by
 * the first token, and does not hold up the start.
 */
export class SigningKeys {
  readonly #ready: Promise<{ privateKey: KeyObject; jwk: JWK & { kid: string } }>;

  constructor() {
    this.#ready = promisify(generateKeyPair)("rsa", { modulusLength: 2048 }).then(describe);
    // told to whoever asks for a token; nobody may ask
    this.#ready.catch(() => undefined);
  }

  /** The public half, as the tenant's key document shows it (RFC 7517 section 5). */
  async jwks(): Promise<{ keys: [JWK & { kid: string }] }> {
    return { keys: [(await this.#ready).jwk] };
  }

  /** Signs the claims as a JWT, RS256. */
  async sign(claims: JWTPayload): Promise<string> {
    const { privateKey, jwk } = await this.#ready;
    return new SignJWT(claims).setProtectedHeader({ typ: "JWT", alg: "RS256", kid: jwk.kid }).sign(privateKey);
  }

  /** Finds the key of a token of this emulator, for a resource that checks one. */
  readonly find: JWTVerifyGetKey = async (header, token) => createLocalJWKSet(await this.jwks())(header, token);

  /**
   * Checks signature and times of a token.
   *
   * @throws {Error} jose's, when this is not a token of this key or it is past its time
   */
  async verify(token: string): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, this.find, { algorithms: ["RS256"] });
    return payload;
  }
}

async function describe({ privateKey, publicKey }: KeyPair): Promise<{ privateKey: KeyObject; jwk: JWK & { kid: string } }> {
  const bare = await exportJWK(publicKey);
  return { privateKey, jwk: { ...bare, kid: await calculateJwkThumbprint(bare), use: "sig", alg: "RS256" } };
}
