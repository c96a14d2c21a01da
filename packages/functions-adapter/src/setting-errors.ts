import { isMtlsPopError, MtlsPopError } from "@mtls-pop/core";

/** A setting that something needs. */
export interface NeededSetting {
  readonly name: string;
  /** What it is to whoever needs it. */
  readonly meaning: string;
}

/** The refusal that names everything that is missing. */
export function settingsMissing(missing: readonly NeededSetting[]): MtlsPopError {
  return new MtlsPopError("settings_missing", `App settings are missing: ${listed(missing)}.`, {
    help: "Set them under Environment variables of the Function App or, locally, under Values in local.settings.json.",
  });
}

/** The refusal of settings in which Functions has left the reference instead of the secret. */
export function settingsUnresolved(unresolved: readonly NeededSetting[]): MtlsPopError {
  return new MtlsPopError("settings_invalid", `App settings hold references that Functions could not follow: ${listed(unresolved)}.`, {
    help:
      "Environment variables of the Function App show what is wrong with each: mostly the app's managed identity has no role in the " +
      "vault, or the URI is not right. Locally, set the value itself.",
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
    if (!isMtlsPopError(error) || settings.length === 0) throw error;
    const { code, message, help = "" } = error;
    const which = settings.map(({ name, meaning }) => `${name} is ${meaning}`).join(", ");
    // the message ends with the help, which the new one brings again
    const found = message.slice(0, message.length - help.length).trimEnd();
    throw new MtlsPopError(code, found, { cause: error, help: `${help} Of the app settings, ${which}.`.trimStart() });
  }
}

function listed(settings: readonly NeededSetting[]): string {
  const meanings = new Map<string, string[]>();
  for (const { name, meaning } of settings) meanings.set(name, [...(meanings.get(name) ?? []), meaning]);
  return [...meanings].map(([name, all]) => `${name} (${all.join(", ")})`).join("; ");
}
