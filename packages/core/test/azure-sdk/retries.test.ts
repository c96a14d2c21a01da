import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createMtlsPopHttpClient } from "../../src/azure-sdk/index.js";
import { thrown } from "../thrown.js";
import { orders } from "./pipeline.js";
import { type Sdk, sdk } from "./sdk.js";

let world: Sdk;
beforeAll(async () => {
  world = await sdk();
});
beforeEach(() => world.emulator.forgetRequests());
afterEach(() => world.emulator.faults.clear());
afterAll(() => world.close());

describe("retries of the Azure SDK", () => {
  it.each([
    [0, 1],
    [2, 3],
  ])("with %i of them a 503 with a Retry-After goes out %i times", async (maxRetries, times) => {
    world.emulator.faults.add({ on: "custom-api", kind: "unavailable", retryAfterSeconds: 0, times: 10 });
    const { httpClient, send, arrived } = orders(world, {}, { retryOptions: { retryDelayInMs: 1, maxRetries } });
    expect((await send("/orders/1")).status).toBe(503);
    expect(arrived()).toHaveLength(times);
    await httpClient.close();
  });

  it.each([
    [0, 1],
    [2, 3],
  ])("with %i of them a request whose connection is reset goes out %i times", async (maxRetries, times) => {
    world.emulator.faults.add({ on: "custom-api", kind: "reset", times: 10 });
    const { httpClient, send, arrived } = orders(world, {}, { retryOptions: { retryDelayInMs: 1, maxRetries } });
    await expect(send("/orders/1")).rejects.toMatchObject({ name: "RestError" });
    expect(arrived()).toHaveLength(times);
    await httpClient.close();
  });

  it("are not an option of the HTTP client's", () => {
    const { credential } = world.clients();
    expect(thrown(() => createMtlsPopHttpClient({ credential, retry: true } as never))).toMatchObject({
      code: "invalid_options",
      message: expect.stringMatching(/`retry` is not an option/),
    });
  });
});
