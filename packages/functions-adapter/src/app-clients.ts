import { app } from "@azure/functions";
import {
  type BoundTokenSource,
  ConfidentialClientApplication,
  certificateFromEnvironment,
  createPopClients,
  MtlsPopError,
  type PopClients,
  resourceScope,
} from "@mtls-pop/core";
import { type BoundClients, boundClients } from "./bound-clients.js";
import type { ClientSettings } from "./client-settings.js";
import { emulatorTransport } from "./emulator-transport.js";
import { type NeededSetting, namingSettings } from "./setting-errors.js";
import { resolveReferences, settingReferences } from "./setting-reference.js";
import { APPLICATION_SETTINGS, assertSettings, type Environment, readCertificateSettings } from "./settings.js";

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

/** One application for all functions, so that they share its tokens, and one set of clients for each distinct set of settings. */
export class AppClients {
  readonly #env: Environment;
  readonly #sets = new Map<string, OpenSet>();
  readonly #warmedUp = new Set<string>();
  readonly #ended = new AbortController();
  #application: ConfidentialClientApplication | undefined;
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
    if (this.closed) {
      throw new MtlsPopError("client_closed", "The Functions host has ended this app, and its clients are closed.", {
        help: "Make no calls after `appTerminate`.",
      });
    }
    const known = this.#sets.get(settings.key);
    if (known) return known;
    const made = this.#make(settings);
    this.#sets.set(settings.key, made);
    return made;
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
    const tokens = settings.tokens ?? this.#applicationFor(settings.resources, references);
    assertSettings(this.#env, references);
    const resources = resolveReferences(settings.resources, this.#env);
    const transport = emulatorTransport(this.#env);
    const pop = namingSettings(references, () => createPopClients({ tokens, resources, logger, ...(transport && { transport }) }));
    const warmUp = async () => {
      const wanted = Object.values(resources);
      if (wanted.length === 0) await tokens.bindingCertificate?.();
      const acquire = (resource: (typeof wanted)[number]) =>
        (resource.tokens ?? tokens).acquireBoundToken({ scopes: [resourceScope(resource)], signal: this.#ended.signal });
      await Promise.all(wanted.map(acquire));
    };
    return { pop, clients: boundClients(pop, tokens), warmUp };
  }

  /** Where every resource brings its own tokens, the app's may never be asked for: its settings are wanted by whoever asks. */
  #applicationFor(resources: ClientSettings["resources"], references: readonly NeededSetting[]): BoundTokenSource {
    const own = Object.values(resources);
    if (own.length === 0 || own.some(({ tokens }) => !tokens)) return this.#certificateApplication(references);
    const application = () => this.#certificateApplication([]);
    return {
      acquireBoundToken: async (request) => application().acquireBoundToken(request),
      bindingCertificate: () => application().bindingCertificate(),
    };
  }

  #certificateApplication(alsoNeeded: readonly NeededSetting[]): ConfidentialClientApplication {
    if (!this.#application) {
      const settings = readCertificateSettings(this.#env, alsoNeeded);
      const certificate = certificateFromEnvironment({ env: this.#env, logger });
      const transport = emulatorTransport(this.#env);
      const options = { ...settings, certificate, logger, ...(transport && { transport }) };
      this.#application = namingSettings(APPLICATION_SETTINGS, () => new ConfidentialClientApplication(options));
    }
    return this.#application;
  }
}
