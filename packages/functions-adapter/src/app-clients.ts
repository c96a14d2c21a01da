import { app } from "@azure/functions";
import { type BoundTokenSource, createPopClients, MtlsPopError, type PopClients, resourceScope } from "@mtls-pop/core";
import { type BoundClients, boundClients } from "./bound-clients.js";
import type { ClientSettings } from "./client-settings.js";
import { readCredentialSettings } from "./credential-settings.js";
import { createCredential } from "./credentials/create-credential.js";
import type { Credential } from "./credentials/credential.js";
import { lazyTokens } from "./credentials/lazy-tokens.js";
import { emulatorTransport } from "./emulator-transport.js";
import { assertSettings, type NeededSetting, namingSettings } from "./setting-errors.js";
import { resolveReferences, settingReferences } from "./setting-reference.js";
import type { Environment } from "./settings.js";

/** The clients that functions with equal settings share. */
export interface ClientSet {
  readonly clients: BoundClients<string, BoundTokenSource>;
  /** Acquires a token for each resource, or loads the certificate when there is none. */
  warmUp(): Promise<void>;
}

interface OpenSet extends ClientSet {
  readonly pop: PopClients<string>;
}

/** The functions' console is the host's log; what happens between invocations has no other. */
const logger = { warn: (message: string) => console.warn(message), error: (message: string) => console.error(message) };

let current: AppClients | undefined;

/** The clients of the app that is being loaded; the host's `appTerminate` closes them for good. */
export function appClients(): AppClients {
  if (!current || current.closed) current = new AppClients(process.env);
  const clients = current;
  // by each function: what an app that did not come to start has registered is gone
  app.hook.appTerminate(() => clients.close());
  return clients;
}

/** One credential for all functions, so that they share its tokens, and one set of clients for each distinct set of settings. */
export class AppClients {
  readonly #env: Environment;
  readonly #sets = new Map<string, OpenSet>();
  readonly #warmedUp = new Set<string>();
  readonly #ended = new AbortController();
  #credential: Credential | undefined;
  #closing: Promise<void> | undefined;

  constructor(env: Environment) {
    this.#env = env;
  }

  get closed(): boolean {
    return this.#ended.signal.aborted;
  }

  /**
   * The clients for these settings, made at the first call. A failure is not remembered.
   *
   * @throws {MtlsPopError} `settings_missing`, `settings_invalid`, `client_closed`, and what core says of resources, certificate and
   * authority
   */
  get(settings: ClientSettings): ClientSet {
    this.#assertOpen();
    const known = this.#sets.get(settings.key);
    if (known) return known;
    const made = this.#make(settings);
    this.#sets.set(settings.key, made);
    return made;
  }

  /**
   * What the app's settings say that proves its identity, made at the first call and shared. A failure is not remembered.
   *
   * @param alsoNeeded settings that the caller needs beside it
   * @throws {MtlsPopError} as `get` does
   */
  credential(alsoNeeded: readonly NeededSetting[] = []): Credential {
    this.#assertOpen();
    if (!this.#credential) {
      const settings = readCredentialSettings(this.#env, alsoNeeded);
      this.#credential = createCredential(settings, { env: this.#env, logger, transport: emulatorTransport(this.#env) });
    }
    return this.#credential;
  }

  /** Whether nobody has said before that these clients are being warmed up. */
  startsWarmUp({ key }: ClientSettings): boolean {
    if (this.#warmedUp.has(key)) return false;
    this.#warmedUp.add(key);
    return true;
  }

  /** Waits for the calls that are under way, then ends every connection. A warm-up has nobody who waits for it, and ends at once. */
  close(): Promise<void> {
    this.#ended.abort();
    this.#closing ??= Promise.all([...this.#sets.values()].map(({ pop }) => pop.close())).then(() => undefined);
    return this.#closing;
  }

  #make(settings: ClientSettings): OpenSet {
    const references = settingReferences(settings.resources);
    const own = Object.values(settings.resources);
    // where every resource brings its own tokens, the app's may never be asked for: its settings are wanted by whoever asks
    const isAsked = !settings.tokens && (own.length === 0 || own.some(({ tokens }) => !tokens));
    const credential = isAsked ? this.credential(references) : undefined;
    const tokens: BoundTokenSource = settings.tokens ?? credential ?? lazyTokens(() => this.credential());
    assertSettings(this.#env, references);
    const resources = resolveReferences(settings.resources, this.#env);
    const transport = emulatorTransport(this.#env);
    const pop = namingSettings(references, () => createPopClients({ tokens, resources, logger, ...(transport && { transport }) }));
    const warmUp = async () => {
      const { signal } = this.#ended;
      const wanted = Object.values(resources);
      if (wanted.length === 0) await (credential ? credential.load(signal) : tokens.bindingCertificate?.());
      const acquire = (resource: (typeof wanted)[number]) =>
        (resource.tokens ?? tokens).acquireBoundToken({ scopes: [resourceScope(resource)], signal });
      await Promise.all(wanted.map(acquire));
    };
    return { pop, clients: boundClients(pop, tokens), warmUp };
  }

  #assertOpen(): void {
    if (!this.closed) return;
    throw new MtlsPopError("client_closed", "The Functions host has ended this app, and its clients are closed.", {
      help: "Make no calls after `appTerminate`.",
    });
  }
}
