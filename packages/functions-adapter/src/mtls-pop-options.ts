import { type BoundTokenSource, MtlsPopError, type ResourceOptions } from "@mtls-pop/core";

const RESERVED_NAMES = ["fetch", "close", "then", "acquireToken", "acquireBoundToken"] as const;

/** Names that no client can have: they mean something else on the clients. */
export type ReservedClientName = (typeof RESERVED_NAMES)[number];

/** Options of `withMtlsPop`; none of them is needed. */
export interface MtlsPopOptions<Name extends string = string, Source extends BoundTokenSource = BoundTokenSource> {
  /**
   * A client for each name, with the resource that it calls. `baseUrl` and `scope` may name an app setting, as in Functions
   * bindings: `"%VAULT_URL%"`. @default none; `fetch` calls the resources that are known
   */
  resources?: { readonly [N in Name]: N extends ReservedClientName ? never : ResourceOptions };
  /** Acquires the tokens, in place of the application that the app settings describe. @default the app settings' */
  tokens?: Source;
  /**
   * Acquires a token for each of `resources` when the app starts, so that the first call does not wait; without `resources` it loads
   * the certificate. Start-up does not wait for it, and a failure is logged and tried again by the first call. @default false
   */
  warmup?: boolean;
}

const OPTIONS = {
  resources: { expected: "an object with a resource for each name", test: isRecord },
  tokens: {
    expected: "a token source: an application, an acquirer or anything with acquireBoundToken()",
    test: (value) => isRecord(value) && typeof value["acquireBoundToken"] === "function",
  },
  warmup: { expected: "true or false", test: (value) => typeof value === "boolean" },
} satisfies Record<keyof MtlsPopOptions, { expected: string; test: (value: unknown) => boolean }>;

/**
 * Checks what can be checked before there are app settings; core checks the resources when the clients are made.
 *
 * @throws {MtlsPopError} `invalid_options`, `reserved_client_name`
 */
export function assertMtlsPopOptions(options: unknown): asserts options is MtlsPopOptions {
  if (!isRecord(options)) throw new MtlsPopError("invalid_options", "withMtlsPop takes an options object in front of the handler.");
  const rules: Record<string, { expected: string; test: (value: unknown) => boolean }> = OPTIONS;
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) {
      throw new MtlsPopError("invalid_options", `withMtlsPop: \`${name}\` is not an option. Known: ${Object.keys(rules).join(", ")}.`);
    }
    if (value !== undefined && !rule.test(value))
      throw new MtlsPopError("invalid_options", `withMtlsPop takes \`${name}\` as ${rule.expected}.`);
  }
  const reserved = Object.keys(options["resources"] ?? {}).find((name) => RESERVED_NAMES.some((one) => one === name));
  if (reserved) {
    throw new MtlsPopError("reserved_client_name", `A client cannot be named "${reserved}".`, {
      help: `Choose another name than ${RESERVED_NAMES.join(", ")}.`,
    });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
