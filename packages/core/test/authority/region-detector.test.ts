import { type Emulator, type ScriptedAnswer, startEmulator } from "@mtls-pop/emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RegionDetector, type RegionDetectorOptions } from "../../src/authority/region-detector.js";
import { inChild } from "../child.js";
import { TestClock } from "../emulated.js";
import { thrown } from "../thrown.js";

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());
beforeEach(() => {
  emulator.forgetRequests();
  emulator.instanceMetadata.location = "westus3";
  emulator.instanceMetadata.apiVersions = ["2021-12-13", "2021-02-01"];
});

/** A detector that asks the emulated metadata service, and its clock. */
function detecting(options: RegionDetectorOptions = {}) {
  const clock = new TestClock();
  return { clock, detector: new RegionDetector({ env: {}, metadataUrl: emulator.instanceMetadata.url, clock, ...options }) };
}
const asked = () => emulator.requests.filter(({ server }) => server === "instance-metadata");
const answer = (...answers: ScriptedAnswer[]) => emulator.instanceMetadata.answerNext(...answers);

describe("a region that is found out", () => {
  it("is REGION_NAME's, in the form of host names, and nobody is asked", async () => {
    const { detector } = detecting({ env: { REGION_NAME: "West US 2" } });
    expect(await detector.detect()).toBe("westus2");
    expect(asked()).toEqual([]);
  });

  it.each([{}, { REGION_NAME: "" }, { REGION_NAME: "west.us" }, { REGION_NAME: "x".repeat(64) }])(
    "is the metadata service's where the environment has no good name: %j",
    async (env) => {
      const { detector } = detecting({ env });
      expect(await detector.detect()).toBe("westus3");
      expect(asked()).toHaveLength(1);
      expect(asked()[0]).toMatchObject({
        method: "GET",
        path: "/metadata/instance/compute",
        query: { "api-version": "2021-02-01" },
        headers: expect.objectContaining({ metadata: "true" }),
      });
    },
  );

  it("is asked for with the newest version that the service knows, where it does not know ours", async () => {
    emulator.instanceMetadata.apiVersions = ["2030-01-01", "2029-01-01"];
    expect(await detecting().detector.detect()).toBe("westus3");
    expect(asked().map(({ query }) => query)).toEqual([{ "api-version": "2021-02-01" }, {}, { "api-version": "2030-01-01" }]);
  });

  it.each([
    ["no list", { status: 400, body: "{}" }],
    ["an empty list", { status: 400, body: '{"newest-versions":[]}' }],
    ["a version that is none", { status: 400, body: '{"newest-versions":["../evil"]}' }],
    ["a list that is none", { status: 400, body: '{"newest-versions":"2030-01-01"}' }],
    ["no JSON", { status: 400, body: "<html>" }],
  ] as const)("is not when the service answers 400 twice with %s", async (_, second) => {
    answer({ status: 400 }, second);
    expect(await detecting().detector.detect()).toBeUndefined();
    expect(asked()).toHaveLength(2);
  });

  it.each([410, 429, 500, 503])("is asked for again after 1, 2 and 4 s on status %d", async (status) => {
    const { detector, clock } = detecting();
    answer({ status }, { status }, { status });
    expect(await detector.detect()).toBe("westus3");
    expect(clock.slept).toEqual([1000, 2000, 4000]);
    expect(asked()).toHaveLength(4);
  });

  it("is given up after the fourth failure", async () => {
    const { detector, clock } = detecting();
    answer(...Array<ScriptedAnswer>(4).fill({ status: 503 }));
    expect(await detector.detect()).toBeUndefined();
    expect(clock.slept).toEqual([1000, 2000, 4000]);
    expect(asked()).toHaveLength(4);
  });

  it.each([404, 408, 403, 401])("is given up at once on status %d", async (status) => {
    const { detector, clock } = detecting();
    answer({ status });
    expect(await detector.detect()).toBeUndefined();
    expect(clock.slept).toEqual([]);
    expect(asked()).toHaveLength(1);
  });

  it("is given up at once when the service does not answer in time", async () => {
    const { detector, clock } = detecting({ timeoutMs: 50 });
    answer("hang");
    expect(await detector.detect()).toBeUndefined();
    expect(clock.slept).toEqual([]);
    expect(asked()).toHaveLength(1);
  });

  it("is given up at once where nobody listens", async () => {
    expect(await detecting({ metadataUrl: "http://127.0.0.1:1" }).detector.detect()).toBeUndefined();
  });

  it.each([
    ["is empty", '{"location":""}'],
    ["is missing", "{}"],
    ["is no text", '{"location":["westus3"]}'],
    ["would be another host", '{"location":"westus3.evil.example/"}'],
    ["has letters outside ASCII", '{"location":"w\u00e9stus3"}'],
    ["stands in an array", '[{"location":"westus3"}]'],
    ["is no JSON", "westus3"],
    ["is null", "null"],
    ["fills a megabyte and more", `{"location":"westus3","x":"${"x".repeat(1_100_000)}"}`],
  ])("is none when the service's answer %s", async (_, body) => {
    answer({ status: 200, body });
    expect(await detecting().detector.detect()).toBeUndefined();
  });

  it("is not sought elsewhere when the service redirects", async () => {
    answer({ status: 302, headers: { location: `${emulator.instanceMetadata.url}/metadata/instance/compute?api-version=2021-02-01` } });
    expect(await detecting().detector.detect()).toBeUndefined();
    expect(asked()).toHaveLength(1);
  });

  it("is remembered", async () => {
    const { detector } = detecting();
    await detector.detect();
    emulator.instanceMetadata.location = "eastus";
    expect(await detector.detect()).toBe("westus3");
    expect(asked()).toHaveLength(1);
  });

  it("is remembered to be unknown, too, which is told once", async () => {
    const warnings: string[] = [];
    const debug: string[] = [];
    const logger = { warn: (message: string) => warnings.push(message), debug: (message: string) => debug.push(message) };
    const { detector } = detecting({ metadataUrl: "http://127.0.0.1:1" });
    expect(await detector.detect({ logger })).toBeUndefined();
    expect(await detector.detect({ logger })).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining("`azureRegion`")]);
    expect(debug).toEqual([expect.stringContaining("ECONNREFUSED")]);
  });

  it("is asked for once by many at the same time", async () => {
    const { detector } = detecting();
    const regions = await Promise.all(Array.from({ length: 50 }, () => detector.detect()));
    expect(new Set(regions)).toEqual(new Set(["westus3"]));
    expect(asked()).toHaveLength(1);
  });

  it("is waited for by the others when one caller leaves", async () => {
    const { detector } = detecting();
    const controller = new AbortController();
    const leaves = detector.detect({ signal: controller.signal });
    const stays = detector.detect();
    controller.abort(new Error("enough"));
    await expect(leaves).rejects.toThrow("enough");
    expect(await stays).toBe("westus3");
    expect(asked()).toHaveLength(1);
  });

  it("is asked for anew when all who waited have left: their leaving says nothing of it", async () => {
    const { detector } = detecting();
    const controller = new AbortController();
    answer("hang");
    const leaves = detector.detect({ signal: controller.signal });
    await expect.poll(() => asked().length).toBe(1);
    controller.abort(new Error("enough"));
    await expect(leaves).rejects.toThrow("enough");
    expect(await detector.detect()).toBe("westus3");
  });

  it("is never asked for through a proxy", async () => {
    const proxy = "http://127.0.0.1:1";
    const region = await inChild(
      `import { RegionDetector } from "../src/authority/region-detector.ts";
       const detector = new RegionDetector({ metadataUrl: ${JSON.stringify(emulator.instanceMetadata.url)} });
       console.log(JSON.stringify(await detector.detect() ?? null));`,
      { env: { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: proxy, http_proxy: proxy, HTTPS_PROXY: proxy, ALL_PROXY: proxy } },
    );
    expect(region).toBe("westus3");
    expect(asked()).toHaveLength(1);
  });
});

describe("RegionDetector, from an untyped caller", () => {
  it.each([
    null,
    "westus3",
    { env: "x" },
    { env: { REGION_NAME: 7 } },
    { metadataUrl: "169.254.169.254" },
    { metadataUrl: "file:///etc" },
    { metadataUrl: 7 },
    { timeoutMs: 0 },
    { timeoutMs: 1e300 },
    { clock: {} },
    { url: "x" },
  ])("is not made from %j", (options) => {
    expect(thrown(() => new RegionDetector(options as never)).code).toBe("invalid_options");
  });

  it.each([null, 7, { signal: {} }, { logger: "console" }, { region: "x" }])("does not detect with %j", async (options) => {
    await expect(detecting().detector.detect(options as never)).rejects.toMatchObject({ code: "invalid_options" });
  });
});
