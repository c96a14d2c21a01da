import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PopFetch } from "../../../src/resource/pop-fetch.js";
import { refusal } from "../../certificate/authority.js";
import { calling, echoed } from "../calling.js";

let world: Awaited<ReturnType<typeof calling>>;
let popFetch: PopFetch;
let url: string;
beforeAll(async () => {
  world = await calling();
  popFetch = world.popFetch();
  url = `${world.customApi.url}/echo`;
});
beforeEach(() => world.emulator.forgetRequests());
afterAll(async () => {
  await popFetch.close();
  await world.close();
});

const refused = async (init: unknown) => {
  expect((await refusal(popFetch(url, init as RequestInit))).code).toBe("invalid_options");
  expect(world.arrived()).toEqual([]);
};

describe("the request's body", () => {
  it('FETCH-22 that is a stream needs duplex: "half"', async () => {
    await refused({ method: "POST", body: new Blob(["x"]).stream() });
    await refused({ method: "POST", body: (async function* () {})() });
  });

  it.each(["GET", "HEAD", "get"])("FETCH-23 is refused with %s", async (method) => {
    await refused({ method, body: "x" });
    await refused({ method, body: "" });
    expect((await popFetch(url, { method, body: null })).status).toBe(200);
  });

  it.each<[string, unknown]>([
    ["an object", {}],
    ["an array", [1]],
    ["a number", 1],
    ["a boolean", true],
    ["a look-alike of a FormData", { [Symbol.toStringTag]: "FormData" }],
  ])("FETCH-24 is refused when it is %s, whose text nobody wants", async (_what, body) => {
    await refused({ method: "POST", body });
  });

  it("FETCH-20 writes half a character as the replacement character", async () => {
    expect((await echoed(popFetch(url, { method: "POST", body: "a\ud800b" }))).text).toBe("a\ufffdb");
  });

  it("FETCH-02 of a Request stays unread when init has one of its own", async () => {
    const request = new Request(url, { method: "POST", body: "theirs" });
    expect((await echoed(popFetch(request, { body: "own" }))).text).toBe("own");
    expect(request.bodyUsed).toBe(false);
    expect((await echoed(popFetch(request, { body: null }))).text).toBe("theirs");
  });
});
