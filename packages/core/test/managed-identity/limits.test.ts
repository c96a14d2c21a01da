import { setImmediate } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { BindingKey } from "../../src/certificate/binding-key.js";
import { ImdsClient } from "../../src/managed-identity/imds-request.js";
import { Transport } from "../../src/transport/transport-options.js";
import { TestClock } from "../emulated.js";
import { gate, sharedKey, startMachine } from "./machine.js";

let machine: Awaited<ReturnType<typeof startMachine>>;
beforeAll(async () => {
  machine = await startMachine();
});
beforeEach(() => {
  machine.reset();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => void vi.useRealTimers());
afterAll(() => machine.close());

const never = new Promise<never>(() => {});

/** What a wait ends with, and not before its time. */
async function endOf(work: Promise<unknown>, ms: number): Promise<unknown> {
  let end: unknown;
  work.catch((reason: unknown) => {
    end = reason;
  });
  await vi.advanceTimersByTimeAsync(ms - 1);
  expect(end).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  return end;
}

describe("waiting", () => {
  it("for a metadata service to connect takes 2 s at each try, although the transport has 10", async () => {
    const clock = new TestClock();
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://imds.example" };
    const imds = new ImdsClient({ transport: new Transport({ lookup: () => {} }), clock, env });
    const asked = imds.get("/metadata/instance/compute", {}, { correlationId: "id" });
    expect(await endOf(asked, 4 * 2000)).toMatchObject({ code: "timeout", cause: { message: expect.stringContaining("2000 ms") } });
    expect(clock.slept).toEqual([1000, 2000, 4000]);
  });

  it("MI-07 for an attestation takes 30 s, and nothing is asked without it", async () => {
    const asked = gate();
    const attestation = () => {
      asked.open();
      return never;
    };
    const minting = machine.imdsV2({ attestation }).imdsV2.credential();
    await asked.opened;
    expect(await endOf(minting, 30_000)).toMatchObject({
      code: "attestation_failed",
      message: expect.stringContaining("30000 ms"),
      cause: { code: "timeout" },
    });
    expect(machine.calls("issuecredential")).toEqual([]);
  });

  it("CFG-08 for a key takes 30 s", async () => {
    const minting = machine.imdsV2({ bindingKey: () => never }).imdsV2.credential();
    // its connection stands by then, which has a limit of its own
    while (machine.calls("getplatformmetadata").length === 0) await setImmediate();
    expect(await endOf(minting, 30_000)).toMatchObject({
      code: "timeout",
      message: "The `bindingKey` function gave no key within 30000 ms.",
    });
  });

  it("CFG-08 for a key's signature takes 30 s", async () => {
    const asked = gate();
    const key: BindingKey = {
      publicKey: sharedKey.publicKey,
      sign: () => {
        asked.open();
        return never;
      },
      secureContext: (...input) => sharedKey.secureContext(...input),
    };
    const minting = machine.imdsV2({ bindingKey: () => key }).imdsV2.credential();
    await asked.opened;
    expect(await endOf(minting, 30_000)).toMatchObject({
      code: "timeout",
      message: expect.stringContaining("key signed no certificate request within 30000 ms"),
    });
    expect(machine.calls("issuecredential")).toEqual([]);
  });
});
