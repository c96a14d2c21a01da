import { MtlsPopError, type TransportOptions } from "@mtls-pop/core";
import { assertPopRequestOptions, type CertificateFrom, type PopRequestOptions, popChallenge } from "@mtls-pop/core/guard";
import { emulatorTransport } from "../emulator-transport.js";
import { assertSettings, type NeededSetting, namingSettings } from "../setting-errors.js";
import { referenced } from "../setting-reference.js";
import { type Environment, setting } from "../settings.js";

/**
 * Options of `requireMtlsPop`. `issuer`, `audience` and `jwks` may name an app setting, as in Functions bindings: `"%API_ISSUER%"`.
 */
export interface RequireMtlsPopOptions extends Omit<PopRequestOptions, "certificateFrom" | "clock"> {
  /**
   * Who ended the TLS connection and says which certificate the caller has proved to have; required, and never detected.
   * `"app-service-required"` only where the Function App has client certificates enabled, in the mode `Required`, without exclusion
   * paths over this function. A Functions handler sees no connection, so core's `"connection"` is not to be had.
   */
  certificateFrom: Exclude<CertificateFrom, "connection">;
  /** The part of the API that the challenge of a 401 names. @default none */
  realm?: string;
  /** Connections to the issuer. @default Node's roots and DNS; the emulator's names too where `MTLS_POP_EMULATOR_CA` is set */
  transport?: TransportOptions;
}

/** The options that may be references. */
const REFERRING = ["issuer", "audience", "jwks"] as const;

/** Stands for a setting's value where there are none yet. */
const ANY_VALUE = "https://setting.invalid";

/** The options as they were when the function was registered. */
export interface GuardOptions {
  readonly realm: { readonly realm?: string };
  /**
   * The options with the settings' values in them.
   *
   * @throws {MtlsPopError} `settings_missing`, `settings_invalid`, `invalid_options`
   */
  readonly resolve: (env: Environment) => PopRequestOptions;
}

/**
 * Checks what can be checked before there are app settings.
 *
 * @throws {MtlsPopError} `invalid_options`
 */
export function readGuardOptions(options: unknown): GuardOptions {
  const { realm, ...rest }: Record<string, unknown> = typeof options === "object" ? { ...options } : {};
  if (rest["certificateFrom"] === "connection") {
    throw new MtlsPopError(
      "invalid_options",
      'requireMtlsPop cannot take the certificate from the "connection": the host ends it, and a handler sees none.',
      {
        help: 'Use "app-service-required" where the Function App requires client certificates, or { header, setBy } behind a proxy of yours.',
      },
    );
  }
  const named = realm === undefined ? {} : { realm: String(realm) };
  popChallenge(undefined, named);
  const references = REFERRING.flatMap((option): NeededSetting[] =>
    [rest[option]].flat().flatMap((value) => {
      const name = referenced(value);
      return name === undefined ? [] : [{ name, meaning: `\`${option}\` of requireMtlsPop` }];
    }),
  );
  checked(replaced(rest, () => ANY_VALUE));
  const resolve = (env: Environment): PopRequestOptions => {
    assertSettings(env, references);
    const transport = rest["transport"] ?? emulatorTransport(env);
    const values = replaced(rest, (name) => setting(env, name));
    return namingSettings(references, () => checked({ ...values, ...(transport !== undefined && { transport }) }));
  };
  return { realm: named, resolve };
}

function replaced(options: Record<string, unknown>, settingOf: (name: string) => string | undefined): Record<string, unknown> {
  const value = (given: unknown): unknown => {
    const name = referenced(given);
    return name === undefined ? given : settingOf(name);
  };
  const own = REFERRING.filter((option) => option in options).map((option) => {
    const given = options[option];
    return [option, Array.isArray(given) ? given.map(value) : value(given)];
  });
  return { ...options, ...Object.fromEntries(own) };
}

function checked(options: Record<string, unknown>): PopRequestOptions {
  const given: unknown = options;
  assertPopRequestOptions("requireMtlsPop", given);
  return given;
}
