import { describe, expect, it } from "vitest";
import { RegionDetector } from "../../src/authority/region-detector.js";
import { RegionRoute } from "../../src/authority/region-route.js";

const detector = new RegionDetector({ env: { REGION_NAME: "westus3" } });
const nowhere = new RegionDetector({ env: {}, metadataUrl: "http://127.0.0.1:1" });

describe("RegionRoute", () => {
  it.each([
    ["nothing is configured", {}, undefined, false],
    ["a region is configured", { azureRegion: "eastus" }, "eastus", false],
    ["one is configured that may be left", { azureRegion: "eastus", fallbackToGlobal: true }, "eastus", true],
    ["one is forced, which is an instruction too", { env: { MSAL_FORCE_REGION: "eastus" } }, "eastus", false],
    ["one is detected", { azureRegion: "auto" }, "westus3", true],
    ["none is detected", { azureRegion: "auto", detector: nowhere }, undefined, false],
    ["regions are switched off", { azureRegion: "auto", env: { MSAL_DISABLE_REGION: "1" } }, undefined, false],
  ])("when %s", async (_, options, region, mayLeave) => {
    expect(await new RegionRoute({ detector, env: {}, ...options }).choose()).toEqual({ region, mayLeave });
  });

  it("ends with the signal's reason while a region is looked for", async () => {
    const signal = AbortSignal.abort(new Error("gone"));
    const asking = new RegionDetector({ env: {}, metadataUrl: "http://127.0.0.1:1" });
    await expect(new RegionRoute({ azureRegion: "auto", detector: asking, env: {} }).choose(signal)).rejects.toThrow("gone");
  });
});
