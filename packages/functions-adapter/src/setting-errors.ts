import { isMtlsPopError, MtlsPopError } from "@mtls-pop/core";
import { type Environment, setting } from "./settings.js";

/** A setting that something needs. */
export interface NeededSetting {
  readonly name: string;
  /** What it is to whoever needs it. */
  readonly meaning: string;
}

/** Settings that are there and cannot be followed. */
export interface SettingContradiction {
  /** One sentence with the names of the settings. */
  readonly found: string;
  /** What to do about it. */
  readonly help: string;
}

/** What Functions replaces by the secret, and leaves as it is when it cannot. */
const REFERENCE_TO_SECRET = /^@Microsoft\.(?:KeyVault|AppConfiguration)\(/i;

const WHERE_TO_SET = "Set them under Environment variables of the Function App or, locally, under Values in local.settings.json.";

const WHY_UNRESOLVED =
  "Environment variables of the Function App show what is wrong with each reference: mostly the app's managed identity has no role in the " +
  "vault, or the URI is not right. Locally, set the value itself.";

/**
 * Checks that settings are there, are more than a reference to a secret, and do not contradict each other; what is wrong is named all at
 * once.
 *
 * @throws {MtlsPopError} `settings_missing` when that is all, else `settings_invalid`
 */
export function assertSettings(
  env: Environment,
  needed: readonly NeededSetting[],
  contradictions: readonly SettingContradiction[] = [],
): void {
  const missing = needed.filter(({ name }) => !setting(env, name));
  const unresolved = needed.filter(({ name }) => REFERENCE_TO_SECRET.test(setting(env, name) ?? ""));
  const problems = [...contradictions];
  if (missing.length > 0) problems.push({ found: `App settings are missing: ${listed(missing)}.`, help: WHERE_TO_SET });
  if (unresolved.length > 0) {
    problems.push({ found: `App settings hold references that Functions could not follow: ${listed(unresolved)}.`, help: WHY_UNRESOLVED });
  }
  if (problems.length === 0) return;
  const onlyMissing = contradictions.length + unresolved.length === 0;
  throw new MtlsPopError(onlyMissing ? "settings_missing" : "settings_invalid", problems.map(({ found }) => found).join(" "), {
    help: problems.map(({ help }) => help).join(" "),
  });
}

/**
 * Runs what is made of app settings. Whoever reads its errors wrote settings and no options, so they say which is which.
 *
 * @param settings each with the option that it has become
 */
export function namingSettings<T>(settings: readonly NeededSetting[], make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw inSettings(error, settings);
  }
}

/** The same error, which says as well which of its options was which setting. */
export function inSettings(error: unknown, settings: readonly NeededSetting[]): unknown {
  if (!isMtlsPopError(error) || settings.length === 0) return error;
  const { code, message, help = "", retryable, correlationId, statusCode, aadErrorCodes, retryAfterSeconds, claims } = error;
  const which = settings.map(({ name, meaning }) => `${name} is ${meaning}`).join(", ");
  // the message ends with the help, which the new one brings again
  const found = message.slice(0, message.length - help.length).trimEnd();
  return new MtlsPopError(code, found, {
    ...{ retryable, correlationId, statusCode, aadErrorCodes, retryAfterSeconds, claims },
    cause: error,
    help: `${help} Of the app settings, ${which}.`.trimStart(),
  });
}

function listed(settings: readonly NeededSetting[]): string {
  const meanings = new Map<string, string[]>();
  for (const { name, meaning } of settings) meanings.set(name, [...(meanings.get(name) ?? []), meaning]);
  return [...meanings].map(([name, all]) => `${name} (${all.join(", ")})`).join("; ");
}
