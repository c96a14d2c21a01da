import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, randomUUID } from "node:crypto";
import { errors, type JWK, jwtVerify, SignJWT } from "jose";
import { isRecord } from "../entra/token-form.js";
import { ImdsError } from "./imds-error.js";

/** What is said of a key. */
export interface AttestedKey {
  readonly publicKey: KeyObject;
  readonly clientId: string;
  readonly lifeSeconds: number;
}

/** The key of the attestation service, which signs what it says and is known to the metadata service. */
export class AttestationKeys {
  readonly #pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #issuer: () => string;

  /** @param issuer the origin of the attestation service */
  constructor(issuer: () => string) {
    this.#issuer = issuer;
  }

  /** The public half, as a key document shows it (RFC 7517 section 5). */
  jwks(): { readonly keys: readonly JsonWebKey[] } {
    return { keys: [{ ...this.#pair.publicKey.export({ format: "jwk" }), use: "sig", alg: "ES256" }] };
  }

  /** Says that a key is guarded; the key stands in `x-ms-runtime.keys`, as in Azure's tokens. */
  sign({ publicKey, clientId, lifeSeconds }: AttestedKey): Promise<string> {
    const key: JWK = { ...publicKey.export({ format: "jwk" }), kid: "attested" };
    const seconds = Math.floor(Date.now() / 1000);
    return new SignJWT({ "x-ms-attestation-type": "keyguard", "x-ms-runtime": { keys: [key] }, client_id: clientId })
      .setProtectedHeader({ typ: "JWT", alg: "ES256" })
      .setIssuer(this.#issuer())
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + lifeSeconds)
      .setJti(randomUUID())
      .sign(this.#pair.privateKey);
  }

  /**
   * Checks that a token is this service's, in its time, and says that this key is guarded.
   *
   * @throws {ImdsError} which says what is wrong with it
   */
  async verify(token: string, publicKey: KeyObject): Promise<void> {
    const { payload } = await jwtVerify(token, this.#pair.publicKey, { algorithms: ["ES256"], issuer: this.#issuer() }).catch(
      (cause: unknown): never => {
        throw invalid(cause instanceof errors.JWTExpired ? "it has expired" : cause instanceof Error ? cause.message : String(cause));
      },
    );
    const runtime = payload["x-ms-runtime"];
    const keys: unknown = isRecord(runtime) ? runtime["keys"] : undefined;
    if (!Array.isArray(keys) || !keys.some((key: unknown) => isRecord(key) && isSameKey(key, publicKey))) {
      throw invalid("it attests another key than the one of the certificate signing request");
    }
  }
}

function isSameKey(jwk: JsonWebKey, publicKey: KeyObject): boolean {
  return createPublicKey({ key: jwk, format: "jwk" }).equals(publicKey);
}

function invalid(detail: string): ImdsError {
  return new ImdsError(`The attestation token in the issue credential request is not valid: ${detail}`);
}
