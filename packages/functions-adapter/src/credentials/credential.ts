import type {
  AuthenticationResult,
  BindingCertificate,
  BoundTokenRequest,
  BoundTokenSource,
  FicLeg1Request,
  Leg1Token,
  Logger,
  TransportOptions,
} from "@mtls-pop/core";
import type { Environment } from "../settings.js";

/** The token source that an app's settings describe. */
export interface SettingsTokens extends BoundTokenSource {
  acquireBoundToken(request: BoundTokenRequest): Promise<AuthenticationResult>;
  /** A token that is bound to nothing, for a resource that takes no other: whoever steals it can use it. */
  acquireBearerToken(request: BoundTokenRequest): Promise<AuthenticationResult>;
  /** Leg 1's token with its certificate; `undefined` when the credential is not federated. */
  acquireLeg1Token(request?: FicLeg1Request): Promise<Leg1Token | undefined>;
  bindingCertificate(): BindingCertificate | Promise<BindingCertificate> | undefined;
}

/** What proves an app's identity, ready for use. */
export interface Credential extends SettingsTokens {
  /** Does what can be done before a resource is known, so that the first token comes sooner. */
  load(signal: AbortSignal): Promise<unknown>;
}

/** What a credential is made with. */
export interface CredentialMeans {
  /** Where settings are read, also later. */
  readonly env: Environment;
  readonly logger: Logger;
  readonly transport: TransportOptions | undefined;
}
