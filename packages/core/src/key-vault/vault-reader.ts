import type { TokenCredential } from "@azure/core-auth";
import type { CertificateClient, KeyVaultCertificate } from "@azure/keyvault-certificates";
import type { KeyVaultSecret, SecretClient } from "@azure/keyvault-secrets";
import { BindingCertificate, MtlsPopError } from "../index.js";
import { abortable } from "../internal/abortable.js";
import type { Transport } from "../transport/transport-options.js";
import { defaultCredential } from "./default-credential.js";
import type { CertificateFromKeyVaultOptions } from "./key-vault-options.js";
import { refusingLongWaits } from "./long-wait.js";
import { missing } from "./optional-package.js";
import { VaultAgent } from "./vault-agent.js";
import { VaultCredential } from "./vault-credential.js";
import { unreadable, vaultError } from "./vault-errors.js";
import type { VaultObject } from "./vault-object.js";
import { assertUsable, notExportable } from "./vault-version.js";

/** What is read, and with what. */
export interface VaultReaderOptions
  extends Pick<CertificateFromKeyVaultOptions, "name" | "version" | "credential" | "identity" | "timeoutMs" | "clientOptions"> {
  readonly vault: URL;
  readonly transport: Transport;
  readonly now: () => number;
}

interface Clients {
  readonly certificates: CertificateClient;
  readonly secrets: SecretClient;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** Reads a certificate with its key from a vault: what is current, and then, when that is news, the secret that has the key. */
export class VaultReader {
  readonly #options: VaultReaderOptions;
  #clients: Promise<Clients> | undefined;
  /** The version that was read last, and what came of it. */
  #read: { readonly version: string | undefined; readonly certificate: BindingCertificate } | undefined;

  constructor(options: VaultReaderOptions) {
    this.#options = options;
  }

  /**
   * The certificate to use now.
   *
   * @param current is returned when the vault has no other
   */
  read(current: BindingCertificate | undefined): Promise<BindingCertificate> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const ended = new AbortController();
    const work = this.#readVault(current, ended.signal);
    const error = () => {
      ended.abort();
      return new MtlsPopError("timeout", `${this.#object("certificate").label} was not read within ${timeoutMs} ms.`, {
        help: "Check that this host reaches the vault and the identity's endpoint, or allow it more with `timeoutMs`.",
      });
    };
    return abortable(work, undefined, { timeoutMs, error });
  }

  async #readVault(current: BindingCertificate | undefined, abortSignal: AbortSignal): Promise<BindingCertificate> {
    const { name, version, now } = this.#options;
    const { certificates, secrets } = await this.#connect();
    const facts = await this.#ask("certificate", () =>
      version === undefined
        ? certificates.getCertificate(name, { abortSignal })
        : certificates.getCertificateVersion(name, version, { abortSignal }),
    );
    const asked = this.#object("certificate", facts.properties.version);
    assertUsable(facts, asked, now());
    if (current && this.#read?.certificate === current && this.#read.version === facts.properties.version) return current;
    const secret = await this.#ask("secret", () => secrets.getSecret(name, { version: versionOf(facts), abortSignal }));
    const certificate = await this.#load(secret, asked);
    this.#read = { version: facts.properties.version, certificate };
    return certificate;
  }

  async #load({ value, properties }: KeyVaultSecret, asked: VaultObject): Promise<BindingCertificate> {
    if (typeof value !== "string") throw unreadable(undefined, asked);
    const isPem = properties.contentType === "application/x-pem-file" || value.includes("-----BEGIN ");
    const { now } = this.#options;
    try {
      return await (isPem ? BindingCertificate.fromPem(value, { now }) : BindingCertificate.fromPfx(value, { now }));
    } catch (error) {
      if (!(error instanceof MtlsPopError)) throw error;
      if (error.code === "certificate_private_key_missing") throw notExportable(asked, error);
      const { code, message, help } = error;
      throw new MtlsPopError(code, `${asked.label}: ${help ? message.slice(0, -help.length - 1) : message}`, { cause: error, help });
    }
  }

  async #ask<T>(kind: VaultObject["kind"], request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw vaultError(error, this.#object(kind));
    }
  }

  #object(kind: VaultObject["kind"], version: string | undefined = this.#options.version): VaultObject {
    const { name, vault } = this.#options;
    const label = `The certificate "${name}"${version === undefined ? "" : `, version ${version},`} of ${vault.origin}`;
    return { kind, label, vault: vault.hostname.split(".", 1)[0] ?? "" };
  }

  /** The SDK and its clients, made once; a failure, such as a package that is not there, is not kept. */
  #connect(): Promise<Clients> {
    this.#clients ??= this.#makeClients().catch((error: unknown) => {
      this.#clients = undefined;
      throw error;
    });
    return this.#clients;
  }

  async #makeClients(): Promise<Clients> {
    const { vault, transport, clientOptions = {}, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const [{ CertificateClient }, { SecretClient }, credential] = await Promise.all([
      import("@azure/keyvault-certificates").catch(missing("@azure/keyvault-certificates")),
      import("@azure/keyvault-secrets").catch(missing("@azure/keyvault-secrets")),
      this.#credential(),
    ]);
    const { agent, proxyOptions, tlsOptions } = clientOptions;
    const isOwnWay = Boolean(agent ?? proxyOptions ?? tlsOptions);
    const additionalPolicies = [...(clientOptions.additionalPolicies ?? []), refusingLongWaits(this.#object("certificate"), timeoutMs)];
    const options = { ...clientOptions, additionalPolicies, ...(!isOwnWay && { agent: new VaultAgent(vault, transport) }) };
    return {
      certificates: new CertificateClient(vault.origin, credential, options),
      secrets: new SecretClient(vault.origin, credential, options),
    };
  }

  async #credential(): Promise<TokenCredential> {
    const { credential, identity } = this.#options;
    return new VaultCredential(credential ?? (await defaultCredential(identity)), this.#object("certificate").label);
  }
}

/** The version of the secret that has the key; a vault gives it that of the certificate, but says so by the secret's own address. */
function versionOf({ secretId, properties }: KeyVaultCertificate): string {
  return secretId?.split("/").at(-1) || properties.version || "";
}
