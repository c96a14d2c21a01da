import { randomUUID, X509Certificate } from "node:crypto";
import { assertApplicationOptions } from "./assert-application-options.js";

/** An application as a test registers it. */
export interface ApplicationOptions {
  /** Application (client) id. */
  readonly clientId: string;
  /** PEM of the certificate that it may use; a chain's leaf stands first. */
  readonly certificate?: string;
  /** Several of them, as in the middle of a rotation. */
  readonly certificates?: readonly string[];
  /**
   * `subject-name-issuer`: also every later certificate of the same subject and issuer, and the mTLS endpoint.
   * `thumbprint`: the registered certificates alone, and no mTLS endpoint.
   * @default "subject-name-issuer"
   */
  readonly trust?: "subject-name-issuer" | "thumbprint";
  /** `false` gets AADSTS51000 on the mTLS endpoint. @default true */
  readonly mtlsClientAuthentication?: boolean;
  /** A public client shows no credential at all: AADSTS700025. @default false */
  readonly publicClient?: boolean;
  /** Further body parameters that it may send. @default none */
  readonly extraBodyParameters?: readonly string[];
  /** `sub` claims of leg-1 tokens that may stand for it. @default every token of this emulator for the exchange */
  readonly federatedSubjects?: readonly string[];
}

/** A registered application. */
export interface Application {
  readonly clientId: string;
  /** Of its service principal; the `oid` and `sub` of its tokens. */
  readonly objectId: string;
  readonly certificates: readonly X509Certificate[];
  readonly trust: "subject-name-issuer" | "thumbprint";
  readonly mtlsClientAuthentication: boolean;
  readonly publicClient: boolean;
  readonly extraBodyParameters: readonly string[];
  readonly federatedSubjects?: readonly string[];
}

/** The applications that the emulated tenants know. */
export class ApplicationRegistry {
  readonly #applications = new Map<string, Application>();

  /**
   * Makes an application known, or replaces one of the same client id.
   *
   * @throws {TypeError} for an unknown or ill-typed option and for a certificate that is not PEM
   */
  register(options: ApplicationOptions): Application {
    assertApplicationOptions(options);
    const pems = [...(options.certificate === undefined ? [] : [options.certificate]), ...(options.certificates ?? [])];
    const application: Application = {
      clientId: options.clientId,
      objectId: this.#applications.get(options.clientId)?.objectId ?? randomUUID(),
      certificates: pems.map((pem) => readCertificate(options.clientId, pem)),
      trust: options.trust ?? "subject-name-issuer",
      mtlsClientAuthentication: options.mtlsClientAuthentication ?? true,
      publicClient: options.publicClient ?? false,
      extraBodyParameters: options.extraBodyParameters ?? [],
      ...(options.federatedSubjects && { federatedSubjects: options.federatedSubjects }),
    };
    this.#applications.set(options.clientId.toLowerCase(), application);
    return application;
  }

  /** Finds an application by its client id, in any case. */
  get(clientId: string): Application | undefined {
    return this.#applications.get(clientId.toLowerCase());
  }

  /** Forgets an application. */
  remove(clientId: string): boolean {
    return this.#applications.delete(clientId.toLowerCase());
  }

  [Symbol.iterator](): IterableIterator<Application> {
    return this.#applications.values();
  }
}

function readCertificate(clientId: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new TypeError(`A certificate of application ${clientId} is not PEM.`, { cause });
  }
}
