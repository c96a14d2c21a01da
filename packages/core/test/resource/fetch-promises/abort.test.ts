import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PopFetch } from "../../../src/resource/pop-fetch.js";
import { calling } from "../calling.js";

let world: Awaited<ReturnType<typeof calling>>;
let popFetch: PopFetch;
beforeAll(async () => {
  world = await calling();
  popFetch = world.popFetch();
});
afterAll(async () => {
  await popFetch.close();
  await world.close();
});

describe("an abort of the bound fetch", () => {
  it("FETCH-30 without a reason is an AbortError, by a time-out a TimeoutError", async () => {
    const slow = `${world.customApi.url}/slow`;
    await expect(popFetch(slow, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    await expect(popFetch(slow, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ name: "TimeoutError" });
    for (const reason of ["a text", 0, null]) {
      await expect(popFetch(slow, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    }
  });

  it("FETCH-33 after the end changes nothing, and the connection serves the next call", async () => {
    const controller = new AbortController();
    const response = await popFetch(`${world.customApi.url}/echo`, { signal: controller.signal });
    const copy = response.clone();
    await response.text();
    controller.abort();
    expect(await copy.json()).toMatchObject({ method: "GET" });
    await (await popFetch(`${world.customApi.url}/echo`)).text();
    const [first, next] = world.arrived().slice(-2);
    expect(next?.connectionId).toBe(first?.connectionId);
  });

  it("FETCH-33 of init's signal alone ends a call whose Request has another one", async () => {
    const [ofRequest, ofInit] = [new AbortController(), new AbortController()];
    const request = new Request(`${world.customApi.url}/echo`, { signal: ofRequest.signal });
    ofRequest.abort();
    expect((await popFetch(request, { signal: ofInit.signal })).status).toBe(200);
    expect((await popFetch(request, { signal: null })).status).toBe(200);
  });
});
