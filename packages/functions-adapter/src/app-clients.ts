import { app } from "@azure/functions";
import {
  type BoundTokenSource,
  ConfidentialClientApplication,
  certificateFromEnvironment,
  createPopClients,
  type PopClients,
  type ResourceOptions,
} from "@mtls-pop/core";
import { emulatorTransport } from "./emulator-transport.js";
import { resolveReferences, settingReferences } from "./setting-reference.js";
import { assertSettings, type Environment, readCertificateSettings } from "./settings.js";

/** What decides over a set of clients: two functions that say the same share one set. */
export interface ClientSetOptions {
  readonly tokens: BoundTokenSource | undefined;
  readonly resources: Readonly<Record<string, ResourceOptions>>;
}

/** One set of clients, and what its tokens come from. */
export interface ClientSet {
  readonly tokens: BoundTokenSource;
  readonly pop: PopClients<Record<string, ResourceOptions>>;
}

/** The functions' console is the host's log; what happens between invocations has no other. */
const logger = { warn: (message: string) => console.warn(message), error: (message: string) => console.error(message) };

let current: AppClients | undefined;

/** The clients of the running app, made on first use and closed when the host ends the app. */
export function appClients(): AppClients {
  if (!current) {
    const clients = new AppClients(process.env);
    current = clients;
    app.hook.appTerminate(() => {
      current = undefined;
      return clients.close();
    });
  }
  return current;
}

/** One application for all functions, so that they share its tokens, and one set of clients for each distinct set of options. */
export class AppClients {
  readonly #env: Environment;
  readonly #sets = new Map<string, ClientSet>();
  #application: ConfidentialClientApplication | undefined;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** @throws {MtlsPopError} `settings_missing`, `settings_invalid`, and what core says of resources, certificate and authority */
  get(options: ClientSetOptions): ClientSet {
    const key = keyOf(options);
    const known = this.#sets.get(key);
    if (known) return known;
    const names = settingReferences(options.resources);
    const tokens = options.tokens ?? this.#certificateApplication(names);
    assertSettings(this.#env, names);
    const resources = resolveReferences(options.resources, this.#env);
    const transport = emulatorTransport(this.#env);
    const set = { tokens, pop: createPopClients({ tokens, resources, logger, ...(transport && { transport }) }) };
    this.#sets.set(key, set);
    return set;
  }

  async close(): Promise<void> {
    const sets = [...this.#sets.values()];
    this.#sets.clear();
    await Promise.all(sets.map(({ pop }) => pop.close()));
  }

  #certificateApplication(alsoNeeded: readonly string[]): ConfidentialClientApplication {
    if (!this.#application) {
      const settings = readCertificateSettings(this.#env, alsoNeeded);
      const certificate = certificateFromEnvironment({ env: this.#env, logger });
      const transport = emulatorTransport(this.#env);
      this.#application = new ConfidentialClientApplication({ ...settings, certificate, logger, ...(transport && { transport }) });
    }
    return this.#application;
  }
}

const identities = new WeakMap<object, number>();
let identityCount = 0;

/** Equal for options that say the same; what has behaviour, such as a token source, is told apart by identity. */
function keyOf(options: ClientSetOptions): string {
  return JSON.stringify(options, (name, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    if (name !== "tokens") return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
    const identity = identities.get(value) ?? ++identityCount;
    identities.set(value, identity);
    return `#${identity}`;
  });
}
