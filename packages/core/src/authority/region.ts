import { MtlsPopError } from "../errors.js";
import { type Logger, tell } from "../internal/logger.js";

/** One DNS label without a hyphen; every Azure region's name is one. */
const REGION = /^[a-z0-9]{1,63}$/;

const MAX_LENGTH = 63;

/** `auto`, and msal-node's names for it. */
const AUTO = new Set(["auto", "tryautodetect", "autodiscoverregion"]);

/** msal-node's value of `azureRegion` for an application that wants no region, whatever MSAL_FORCE_REGION says. */
const NO_REGION = "disablemsalforceregion";

/** Where an application's region comes from. */
export type RegionSetting =
  | { readonly kind: "global" }
  | { readonly kind: "auto" }
  | { readonly kind: "configured"; readonly region: string };

/**
 * Brings a region's name into the form that host names use: `West US 3` becomes `westus3`.
 *
 * @returns `undefined` for what is no region's name
 */
export function normalizeRegion(configured: string): string | undefined {
  const region = configured.replaceAll(" ", "");
  // lower-cased afterwards: there are letters outside ASCII that lower-case into it
  return /^[a-z0-9]+$/i.test(region) && region.length <= MAX_LENGTH ? region.toLowerCase() : undefined;
}

/**
 * The last check before a region becomes part of a host name.
 *
 * @throws {MtlsPopError} `invalid_options`
 */
export function assertRegion(region: string): string {
  if (REGION.test(region)) return region;
  throw new MtlsPopError("invalid_options", "A region must be 1 to 63 lower-case letters and digits.", {
    help: "Use the region's short name, such as westus3.",
  });
}

/**
 * Decides where the region comes from. `MSAL_DISABLE_REGION` switches regions off; `MSAL_FORCE_REGION` holds where none is configured.
 * A malformed name means the global endpoint, with a warning.
 *
 * @param azureRegion the option of that name
 * @see PROTOCOL.md section 1
 */
export function regionSetting(
  azureRegion: string | undefined,
  { env, logger }: { env: Readonly<NodeJS.ProcessEnv>; logger?: Logger | undefined },
): RegionSetting {
  if (isOn(env["MSAL_DISABLE_REGION"])) return { kind: "global" };
  const [name, value] = azureRegion ? ["azureRegion", azureRegion] : ["MSAL_FORCE_REGION", env["MSAL_FORCE_REGION"]];
  const setting = value?.trim().toLowerCase() ?? "";
  if (setting === "" || setting === NO_REGION) return { kind: "global" };
  if (AUTO.has(setting)) return { kind: "auto" };
  const region = normalizeRegion(value?.trim() ?? "");
  if (region !== undefined) return { kind: "configured", region };
  tell(logger, "warn", `${name} is not the name of a region (letters and digits, such as westus3), so the global endpoint is used.`);
  return { kind: "global" };
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "false"].includes(value.trim().toLowerCase());
}
