import type { LookupFunction } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { RegionDetector } from "../../src/authority/region-detector.js";
import { emulated, TestClock, VAULT_SCOPE } from "../emulated.js";

const bound = { scopes: [VAULT_SCOPE], mtlsProofOfPossession: true } as const;
const GLOBAL = "mtlsauth.emulator.localhost";
let entra: Awaited<ReturnType<typeof emulated>>;
beforeAll(async () => {
  entra = await emulated({ regions: ["westus3"] });
});
afterAll(() => entra.close());
afterEach(() => entra.emulator.faults.clear());

/** Resolves the region's name in a way of its own, and every other as usual. */
const regionally =
  (lookup: LookupFunction): LookupFunction =>
  (name, options, done) =>
    (name.startsWith("westus3.") ? lookup : entra.emulator.lookup)(name, options, done);

const nobodyListens: LookupFunction = (_name, options, done) =>
  options.all ? done(null, [{ address: "::1", family: 6 }]) : done(null, "::1", 6);

/** Ways not to reach a region: how names resolve, how long TLS may take, what the emulator does, and what it is called. */
const WAYS = [
  ["its name is unknown", "eastus", {}, false, "network_error"],
  ["nobody listens there", "westus3", { lookup: regionally(nobodyListens) }, false, "network_error"],
  ["it takes too long", "westus3", { lookup: regionally(() => {}), connectTimeoutMs: 60 }, false, "timeout"],
  ["its certificate is not trusted", "westus3", { caHosts: [GLOBAL] }, false, "tls_handshake_failed"],
  ["TLS is cut", "westus3", {}, true, expect.stringMatching(/tls_handshake_failed|network_error/)],
] as const;

describe.each(WAYS)("a region that cannot be reached because %s", (_way, region, transport, down, code) => {
  const application = (over: object) => {
    if (down) entra.emulator.faults.add({ on: "token", kind: "region-down", host: `${region}.${GLOBAL}`, times: 10 });
    return entra.application({ transport: { ...entra.transport, ...transport }, clock: new TestClock(), ...over });
  };
  const detected = () => ({ azureRegion: "auto", regionDetector: new RegionDetector({ env: { REGION_NAME: region } }) });

  it("is left for the global endpoint when it was detected, with a warning", async () => {
    const warnings: string[] = [];
    const before = entra.tokenRequests().length;
    const result = await application({
      ...detected(),
      logger: { warn: (message: string) => warnings.push(message) },
    }).acquireTokenByClientCredential(bound);
    expect(new URL(result.metadata.tokenEndpoint).hostname).toBe(GLOBAL);
    expect(result.metadata).not.toHaveProperty("region");
    expect(result.bindingCertificate).toBe(entra.certificate);
    expect(
      entra
        .tokenRequests()
        .slice(before)
        .map(({ host }) => host),
    ).toEqual([GLOBAL]);
    expect(warnings).toEqual([expect.stringContaining(region)]);
  });

  it("is left once: when the global endpoint fails too, that is the error", async () => {
    entra.emulator.faults.add({ on: "token", kind: "entra-error", code: 700027, host: GLOBAL });
    const before = entra.tokenRequests().length;
    await expect(application(detected()).acquireTokenByClientCredential(bound)).rejects.toMatchObject({ aadErrorCodes: [700027] });
    expect(entra.tokenRequests()).toHaveLength(before + 1);
  });

  it("is kept when somebody configured it", async () => {
    const before = entra.tokenRequests().length;
    await expect(application({ azureRegion: region }).acquireTokenByClientCredential(bound)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`${region}.${GLOBAL}`),
    });
    expect(entra.tokenRequests()).toHaveLength(before);
  });

  it("is left although somebody configured it, when that is allowed", async () => {
    const result = await application({ azureRegion: region, fallbackToGlobal: true }).acquireTokenByClientCredential(bound);
    expect(new URL(result.metadata.tokenEndpoint).hostname).toBe(GLOBAL);
  });
});

describe("a region that answers", () => {
  it.each([
    ["with 503", { kind: "unavailable" }, { statusCode: 503 }],
    ["with a refusal", { kind: "entra-error", code: 700027 }, { aadErrorCodes: [700027] }],
    ["with a downgrade", { kind: "downgrade" }, { code: "token_type_mismatch" }],
  ] as const)("%s is not left", async (_, fault, error) => {
    entra.emulator.faults.add({ on: "token", times: 2, ...fault });
    const regionDetector = new RegionDetector({ env: { REGION_NAME: "westus3" } });
    const before = entra.tokenRequests().length;
    const application = entra.application({ azureRegion: "auto", regionDetector, clock: new TestClock() });
    await expect(application.acquireTokenByClientCredential(bound)).rejects.toMatchObject(error);
    expect(
      new Set(
        entra
          .tokenRequests()
          .slice(before)
          .map(({ host }) => host),
      ),
    ).toEqual(new Set([`westus3.${GLOBAL}`]));
  });
});
