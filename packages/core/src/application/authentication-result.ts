import { inspect } from "node:util";
import type { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { describe } from "../internal/options.js";
import type { TokenType } from "../token/token-response.js";
import type { BoundToken } from "./bound-token-source.js";

/** Where a token came from and what it took. */
export interface AuthenticationResultMetadata {
  readonly tokenSource: "IdentityProvider" | "Cache";
  /** The URL that the token was asked of. */
  readonly tokenEndpoint: string;
  /** The Azure region of the endpoint; absent for the global one. */
  readonly region?: string;
  /** Milliseconds; all 0 for a token from the cache. */
  readonly durations: {
    readonly totalMs: number;
    /** Until the certificate source had given a certificate. */
    readonly certificateMs: number;
    /** Until the region was known. */
    readonly regionMs: number;
    /** The token request itself, retries included. */
    readonly httpMs: number;
  };
}

/** What of the metadata a token from the cache has in the place of what its request took. */
export const FROM_CACHE: Pick<AuthenticationResultMetadata, "tokenSource" | "durations"> = {
  tokenSource: "Cache",
  durations: { totalMs: 0, certificateMs: 0, regionMs: 0, httpMs: 0 },
};

/** The fields of an {@link AuthenticationResult}. */
export interface AuthenticationResultFields {
  accessToken: string;
  tokenType: TokenType;
  expiresOn: Date;
  refreshOn?: Date | undefined;
  scopes: readonly string[];
  tenantId: string;
  bindingCertificate?: BindingCertificate | undefined;
  correlationId: string;
  metadata: AuthenticationResultMetadata;
}

/** The schemes that go with each kind of token, the default first. @see PROTOCOL.md section 9 */
const SCHEMES: Readonly<Record<TokenType, readonly [string, ...string[]]>> = { mtls_pop: ["pop", "mtls_pop"], Bearer: ["Bearer"] };

/** A bound token of a server that calls it Bearer may be announced as what it is. */
const BOUND_BEARER_SCHEMES: readonly [string, ...string[]] = ["Bearer", "pop", "mtls_pop"];

/**
 * A token with what is known of it. It cannot change, since the cache hands one to many. `inspect` and JSON show all but the token itself.
 *
 * @see RFC 8705 section 3; the seed's `AuthenticationResult`
 */
export class AuthenticationResult implements BoundToken {
  readonly tokenType: TokenType;
  readonly scopes: readonly string[];
  /** Empty for an authority that was given by its token endpoint. */
  readonly tenantId: string;
  /** The certificate that the token is bound to, ready for the resource's TLS; `undefined` with a token that is bound to nothing. */
  readonly bindingCertificate: BindingCertificate | undefined;
  /** The `client-request-id` of the request that brought the token. */
  readonly correlationId: string;
  readonly metadata: AuthenticationResultMetadata;
  readonly #accessToken: string;
  readonly #expiresOnMs: number;
  readonly #refreshOnMs: number | undefined;

  constructor(fields: AuthenticationResultFields) {
    this.#accessToken = fields.accessToken;
    this.tokenType = fields.tokenType;
    this.#expiresOnMs = fields.expiresOn.getTime();
    this.#refreshOnMs = fields.refreshOn?.getTime();
    this.scopes = Object.freeze([...fields.scopes]);
    this.tenantId = fields.tenantId;
    this.bindingCertificate = fields.bindingCertificate;
    this.correlationId = fields.correlationId;
    this.metadata = Object.freeze({ ...fields.metadata, durations: Object.freeze({ ...fields.metadata.durations }) });
    Object.freeze(this);
  }

  /** The token as the service sent it. */
  get accessToken(): string {
    return this.#accessToken;
  }

  /** When the token ends; it leaves the cache five minutes earlier. */
  get expiresOn(): Date {
    // a Date can be changed, and the cache hands one result to many: each gets its own
    return new Date(this.#expiresOnMs);
  }

  /** From when on a new one is fetched behind the scenes, if the service said so. */
  get refreshOn(): Date | undefined {
    return this.#refreshOnMs === undefined ? undefined : new Date(this.#refreshOnMs);
  }

  /**
   * The value of the `Authorization` header.
   *
   * @param scheme for a bound token `pop` (the seed's, which most resources take) or `mtls_pop` (Key Vault and Graph today)
   * @default "pop" for a bound token, "Bearer" for a Bearer token, also for one that a server that is not Entra has bound
   * @throws {MtlsPopError} `invalid_options` for a scheme that does not go with the token
   */
  createAuthorizationHeader(scheme?: "pop" | "mtls_pop" | "Bearer"): string {
    const bound = this.tokenType === "mtls_pop";
    const schemes = !bound && this.bindingCertificate ? BOUND_BEARER_SCHEMES : SCHEMES[this.tokenType];
    const chosen = scheme ?? schemes[0];
    // the scheme becomes part of a header: nothing but these gets there, from untyped callers too
    if (!schemes.includes(chosen)) {
      throw new MtlsPopError(
        "invalid_options",
        `A ${this.tokenType} token does not go with the authorization scheme ${describe(chosen)}.`,
        {
          help: bound ? 'Use "pop" or "mtls_pop".' : "Ask for a bound token with mtlsProofOfPossession: true.",
        },
      );
    }
    return `${chosen} ${this.#accessToken}`;
  }

  toJSON(): Record<string, unknown> {
    const { expiresOn, refreshOn } = this;
    return { ...Object.fromEntries(Object.entries(this)), expiresOn, refreshOn, accessToken: "[redacted]" };
  }

  static {
    Object.defineProperty(AuthenticationResult.prototype, inspect.custom, { value: AuthenticationResult.prototype.toJSON });
  }
}
