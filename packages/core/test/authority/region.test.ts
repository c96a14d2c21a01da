import { describe, expect, it } from "vitest";
import { assertRegion, normalizeRegion, regionSetting } from "../../src/authority/region.js";
import { thrown } from "../thrown.js";

describe("normalizeRegion", () => {
  it.each([
    ["westus3", "westus3"],
    ["West US 3", "westus3"],
    [" USGovVirginia ", "usgovvirginia"],
    ["x".repeat(63), "x".repeat(63)],
  ])("makes %j into %s", (name, region) => {
    expect(normalizeRegion(name)).toBe(region);
  });

  it.each([
    "",
    " ",
    "west-us",
    "west.us",
    "westus3/",
    "westus3\n",
    "w\u00e9stus",
    "\u212aoreacentral",
    "x".repeat(64),
    "x".repeat(1_000_000),
  ])("takes %j for no region", (name) => {
    expect(normalizeRegion(name)).toBeUndefined();
  });
});

describe("assertRegion", () => {
  it.each(["", "West US", "evil.example", "a/b", "westus3\n", "x".repeat(64)])("ROUTE-05 lets %j into no host name", (region) => {
    expect(thrown(() => assertRegion(region)).code).toBe("invalid_options");
  });
});

describe("regionSetting", () => {
  const setting = (azureRegion: string | undefined, env: NodeJS.ProcessEnv = {}) => {
    const warnings: string[] = [];
    const chosen = regionSetting(azureRegion, { env, logger: { warn: (message) => warnings.push(message) } });
    return { ...chosen, warnings };
  };
  const GLOBAL = { kind: "global", warnings: [] };

  it("is the global endpoint where nothing is said", () => {
    expect(setting(undefined)).toEqual(GLOBAL);
    expect(setting(undefined, { MSAL_FORCE_REGION: " " })).toEqual(GLOBAL);
  });

  it.each(["auto", "Auto", "TryAutoDetect", "tryautodetect", "AutoDiscoverRegion"])("finds the region out for %s", (name) => {
    expect(setting(name)).toEqual({ kind: "auto", warnings: [] });
    expect(setting(undefined, { MSAL_FORCE_REGION: name })).toEqual({ kind: "auto", warnings: [] });
  });

  it("takes MSAL_FORCE_REGION where no region is configured, and only there", () => {
    const env = { MSAL_FORCE_REGION: "East US" };
    expect(setting(undefined, env)).toEqual({ kind: "configured", region: "eastus", warnings: [] });
    expect(setting("westus3", env)).toEqual({ kind: "configured", region: "westus3", warnings: [] });
    expect(setting("DisableMsalForceRegion", env)).toEqual(GLOBAL);
  });

  it.each(["1", "true", "TRUE", "yes"])("has no region with MSAL_DISABLE_REGION=%s", (value) => {
    const env = { MSAL_DISABLE_REGION: value, MSAL_FORCE_REGION: "eastus" };
    expect(setting("westus3", env)).toEqual(GLOBAL);
    expect(setting("auto", env)).toEqual(GLOBAL);
  });

  it.each(["", "0", "false", " False "])("takes MSAL_DISABLE_REGION=%j for no", (value) => {
    expect(setting("westus3", { MSAL_DISABLE_REGION: value })).toMatchObject({ kind: "configured", region: "westus3" });
  });

  it("ROUTE-05 leaves a malformed name for the global endpoint, and says which setting it was", () => {
    expect(setting("west.us")).toEqual({ kind: "global", warnings: [expect.stringContaining("azureRegion")] });
    const forced = setting(undefined, { MSAL_FORCE_REGION: "https://evil.example" });
    expect(forced).toEqual({ kind: "global", warnings: [expect.stringContaining("MSAL_FORCE_REGION")] });
    expect(forced.warnings.join()).not.toContain("evil");
  });
});
