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

const refused = async (init: unknown, input: string | Request = url) => {
  const error = await refusal(popFetch(input, init as RequestInit));
  expect(error.code).toBe("invalid_options");
  expect(world.arrived()).toEqual([]);
  return error;
};

describe("options of the bound fetch", () => {
  it("FETCH-70 integrity is refused, since nobody would check it", async () => {
    expect((await refused({ integrity: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" })).message).toMatch(/integrity/);
    expect((await popFetch(url, { integrity: "" })).status).toBe(200);
  });

  it('FETCH-71 credentials: "omit" is refused, since token and certificate are sent; the other modes change nothing', async () => {
    expect((await refused({ credentials: "omit" })).message).toMatch(/whatever `credentials` says/);
    await refused({}, new Request(url, { credentials: "omit" }));
    await refused({ credentials: "never" });
    for (const credentials of ["same-origin", "include"] as const) {
      expect((await popFetch(url, { credentials })).status).toBe(200);
    }
    expect((await popFetch(new Request(url, { credentials: "omit" }), { credentials: "include" })).status).toBe(200);
  });

  it.each([
    ["default", undefined, undefined],
    ["force-cache", undefined, undefined],
    ["no-cache", undefined, "max-age=0"],
    ["no-store", "no-cache", "no-cache"],
    ["reload", "no-cache", "no-cache"],
  ] as const)("FETCH-72 cache: %j tells the caches on the way", async (cache, pragma, cacheControl) => {
    const init = { cache } as RequestInit;
    for (const call of [popFetch(url, init), popFetch(new Request(url, init))]) {
      const { headers } = await echoed(call);
      expect([headers["pragma"], headers["cache-control"]]).toEqual([pragma, cacheControl]);
    }
    const own = await echoed(popFetch(url, { ...init, headers: { "Cache-Control": "mine" } }));
    expect([own.headers["pragma"], own.headers["cache-control"]]).toEqual([pragma, "mine"]);
  });

  it("FETCH-72 is what the caller says: a condition of its own adds nothing", async () => {
    const { headers } = await echoed(popFetch(url, { headers: { "if-none-match": '"x"' } }));
    expect([headers["if-none-match"], headers["pragma"], headers["cache-control"]]).toEqual(['"x"', undefined, undefined]);
  });

  it('FETCH-72 cache: "only-if-cached" is refused, since there is no cache', async () => {
    await refused({ cache: "only-if-cached" });
    await refused({ cache: "toString" });
  });

  it("FETCH-73 duplex and window have one value each", async () => {
    await refused({ duplex: "full" });
    await refused({ window: globalThis });
    const init = { duplex: "half", window: null } as RequestInit;
    expect((await popFetch(url, init)).status).toBe(200);
  });

  it("FETCH-74 what has no meaning without a page changes nothing", async () => {
    const plain = await echoed(popFetch(url));
    const init = {
      mode: "same-origin",
      referrer: "https://somewhere.example/",
      referrerPolicy: "unsafe-url",
      keepalive: true,
      priority: "high",
    } as RequestInit;
    const { headers } = await echoed(popFetch(url, init));
    expect(headers).toEqual(plain.headers);
  });

  it.each([
    ["dispatcher", {}],
    ["agent", {}],
    ["timeout", 1000],
  ])("FETCH-75 %s of other clients is refused, with what to use in its place", async (name, value) => {
    expect(await refused({ [name]: value })).toMatchObject({
      message: expect.stringContaining(`\`${name}\``),
      help: expect.stringMatching(/\w/),
    });
  });
});
