import { randomUUID, X509Certificate } from "node:crypto";
import { type ApplicationOptions, assertApplicationOptions } from "./application-options.js";

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
