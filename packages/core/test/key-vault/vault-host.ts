import type { EmulatorOptions, IssueCertificateOptions, IssuedCertificate, ManagedIdentityOptions, Vault } from "@mtls-pop/emulator";
import { vi } from "vitest";
import type { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { type CertificateFromKeyVaultOptions, certificateFromKeyVault } from "../../src/key-vault/index.js";
import { emulated } from "../emulated.js";

/** In the order of their coming; a test waits for the one it needs. */
class News {
  readonly #said: string[] = [];
  readonly #waiting = new Set<() => void>();

  readonly logger = { info: (text: string) => this.#say(text), warn: (text: string) => this.#say(text) };

  /** The first one that was or will be said and holds these words. */
  async next(words: string): Promise<string> {
    for (;;) {
      const found = this.#said.findIndex((text) => text.includes(words));
      if (found >= 0) return this.#said.splice(found, 1)[0] ?? "";
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  get unread(): readonly string[] {
    return this.#said;
  }

  #say(text: string): void {
    this.#said.push(text);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** An app of App Service with a managed identity, and two vaults: one that has its certificate, and one that takes bound tokens alone. */
export async function vaultHost(options: EmulatorOptions = {}) {
  const entra = await emulated(options);
  const { emulator, transport } = entra;
  const vault = emulator.keyVault.add("certificates", "optional");
  /** The names of the emulated vaults are not under that of the vaults' resource. */
  const clientOptions = { disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 } } as const;
  function put(
    issued: Pick<IssuedCertificate, "chainPem" | "privateKeyPem">,
    over: Parameters<Vault["certificates"]["import"]>[2] = {},
    name = "orders",
  ) {
    return vault.certificates.import(name, `${issued.chainPem}\n${issued.privateKeyPem}`, over);
  }

  return {
    ...entra,
    vault,
    clientOptions,
    /** Another identity of the app, which its environment names; MSAL keeps the tokens of each for the life of the process. */
    anIdentity(over: ManagedIdentityOptions = {}) {
      const identity = emulator.managedIdentities.register(over);
      for (const [name, value] of Object.entries(emulator.appService.environment)) vi.stubEnv(name, value);
      vi.stubEnv("MTLS_POP_MANAGED_IDENTITY_CLIENT_ID", identity.clientId);
      vi.stubEnv("AZURE_CLIENT_ID", entra.clientId);
      return identity;
    },
    put,
    async putNew(wanted: IssueCertificateOptions = {}, over: Parameters<typeof put>[1] = {}, name = "orders") {
      const issued = await emulator.issueCertificate({ keyType: "EC-P256", ...wanted });
      return { issued, ...put(issued, over, name) };
    },
    source(over: Partial<CertificateFromKeyVaultOptions> = {}): () => BindingCertificate | Promise<BindingCertificate> {
      return certificateFromKeyVault({ vaultUrl: vault.url, name: "orders", transport, clientOptions, ...over });
    },
    /** Everything as it was, between tests. */
    reset(): void {
      vi.unstubAllEnvs();
      emulator.faults.clear();
      emulator.forgetRequests();
      vault.restrictTo("everyone");
      vault.network = "open";
      vault.mode = "optional";
    },
    news: () => new News(),
    requestsTo: (server: string) => emulator.requests.filter((request) => request.server === server),
  };
}

export type VaultHost = Awaited<ReturnType<typeof vaultHost>>;
