import {
  assertClientName,
  assertOptions,
  assertResourceOptions,
  type BoundTokenSource,
  MtlsPopError,
  type NamedResources,
  type OptionRule,
  type ResourceOptions,
} from "@mtls-pop/core";

/** Options of `withMtlsPop`; none of them is needed. */
export interface MtlsPopOptions<Name extends string = string, Source extends BoundTokenSource = BoundTokenSource> {
  /**
   * A client for each name, with the resource that it calls. `baseUrl` and `scope` may name an app setting, as in Functions
   * bindings: `"%VAULT_URL%"`. @default none; `fetch` calls the resources that are known
   */
  resources?: NamedResources<Name>;
  /** Acquires the tokens, in place of the application that the app settings describe. @default the app settings' */
  tokens?: Source;
  /**
   * Acquires a token for each of `resources` when the app starts, so that the first call does not wait; without `resources` it loads
   * the certificate or acquires leg 1's token; a managed identity's certificate comes with its first token. Start-up does not wait for it, and a failure is logged and tried again by the first call. @default false
   */
  warmup?: boolean;
}

/** {@link MtlsPopOptions}, checked and with their defaults. */
export interface ReadOptions {
  readonly resources: Readonly<Record<string, ResourceOptions>>;
  readonly tokens: BoundTokenSource | undefined;
  readonly warmup: boolean;
}

const RULES: Readonly<Record<keyof MtlsPopOptions, OptionRule>> = {
  resources: {
    expected: "an object with a resource for each name",
    test: (value) => isRecord(value) && Object.values(value).every(isRecord),
  },
  tokens: {
    expected: "a token source: an application, an acquirer or anything with acquireBoundToken()",
    test: (value) => isRecord(value) && typeof value["acquireBoundToken"] === "function",
  },
  warmup: { expected: "true or false", test: (value) => typeof value === "boolean" },
};

/**
 * Checks what can be checked before there are app settings; core checks the resources' URLs when the clients are made.
 *
 * @throws {MtlsPopError} `invalid_options`, `reserved_client_name`
 */
export function readOptions(options: unknown): ReadOptions {
  assertMtlsPopOptions(options);
  const { resources = {}, tokens, warmup = false } = options;
  for (const [name, resource] of Object.entries(resources)) {
    assertClientName(name);
    assertResourceOptions(name, resource);
  }
  return { resources, tokens, warmup };
}

function assertMtlsPopOptions(options: unknown): asserts options is MtlsPopOptions {
  if (!isRecord(options)) {
    throw new MtlsPopError("invalid_options", "withMtlsPop takes a handler, or an options object and then a handler.");
  }
  assertOptions("withMtlsPop", options, RULES);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
