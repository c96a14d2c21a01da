import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPopFetch, type PopFetch } from "../../../src/resource/pop-fetch.js";
import { refusal } from "../../certificate/authority.js";
import { calling, given } from "../calling.js";

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

describe("the input of the bound fetch", () => {
  it("FETCH-04 is refused by a promise and never by a throw", async () => {
    const calls = [
      () => popFetch("no url"),
      () => popFetch("http://plain.example"),
      () => popFetch(undefined as never),
      () => popFetch(world.customApi.url, { method: "TRACE" }),
      () => popFetch(world.customApi.url, "POST" as never),
    ];
    for (const call of calls) {
      const promise = call();
      expect(promise).toBeInstanceOf(Promise);
      await expect(promise).rejects.toMatchObject({ name: "MtlsPopError" });
    }
  });

  it.each([
    "data:text/plain,x",
    "blob:https://orders.api.emulator.localhost/6d1a3f0e-0000-4000-8000-000000000000",
    "about:blank",
    "file:///etc/hostname",
    "ftp://files.example/x",
    "ws://plain.example/",
  ])("FETCH-06 of a scheme other than https is refused: %s", async (input) => {
    for (const call of [popFetch(input), popFetch(new URL(input)), popFetch({ url: input, headers: {} } as never)]) {
      expect((await refusal(call)).code).toBe("insecure_url");
    }
  });

  it("FETCH-07 may name a port that browsers block, where the application has configured it", async () => {
    // 1 is tcpmux, where nobody listens
    const baseUrl = "https://blocked.api.emulator.localhost:1";
    const tokens = given(await world.tokenOf(world.certificate));
    await using own = createPopFetch({ tokens, resources: { blocked: { baseUrl } }, transport: world.transport });
    expect(await refusal(own(baseUrl))).toMatchObject({ code: "network_error", message: expect.stringMatching(/ECONNREFUSED/) });
  });
});
