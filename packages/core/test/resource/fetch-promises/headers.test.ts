import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PopFetch } from "../../../src/resource/pop-fetch.js";
import { calling, echoed } from "../calling.js";

let world: Awaited<ReturnType<typeof calling>>;
let popFetch: PopFetch;
let url: string;
beforeAll(async () => {
  world = await calling();
  popFetch = world.popFetch();
  url = `${world.customApi.url}/echo`;
});
afterAll(async () => {
  await popFetch.close();
  await world.close();
});

describe("the request's headers", () => {
  it.each(["Cookie", "Origin", "Referer", "Date", "DNT", "Via", "Sec-Fetch-Site", "Accept-Charset", "Access-Control-Request-Method"])(
    "FETCH-14 %s, which only a page may not set, is sent",
    async (name) => {
      expect((await echoed(popFetch(url, { headers: { [name]: "mine" } }))).headers[name.toLowerCase()]).toBe("mine");
    },
  );

  it("FETCH-15 are these when the caller gives none", async () => {
    const { authorization, host, "user-agent": userAgent, ...others } = (await echoed(popFetch(url))).headers;
    expect(authorization).toMatch(/^pop eyJ/);
    expect(host).toBe(new URL(url).host);
    expect(userAgent).toMatch(/^mtls-pop\/\d+\.\d+\.\d+$/);
    expect(others).toEqual({ accept: "*/*", "accept-language": "*", "accept-encoding": "br, gzip", connection: "keep-alive" });
  });

  it("FETCH-15 may be the caller's in the place of each", async () => {
    const own = { accept: "text/plain", "accept-language": "de", "user-agent": "mine", "accept-encoding": "identity" };
    expect((await echoed(popFetch(url, { headers: own }))).headers).toMatchObject(own);
  });

  it("FETCH-17 are as they were when the call was made", async () => {
    const headers = new Headers({ "x-mine": "before" });
    const call = echoed(popFetch(url, { headers }));
    headers.set("x-mine", "after");
    expect((await call).headers["x-mine"]).toBe("before");
  });
});
