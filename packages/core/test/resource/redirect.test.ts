import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createPopFetch, type PopFetch } from "../../src/resource/pop-fetch.js";
import { refusal } from "../certificate/authority.js";
import { calling, echoed, given } from "./calling.js";

const STATUS = [301, 302, 303, 307, 308] as const;
let world: Awaited<ReturnType<typeof calling>>;
let popFetch: PopFetch;
beforeAll(async () => {
  world = await calling();
  popFetch = world.popFetch();
});
beforeEach(() => world.emulator.forgetRequests());
afterAll(async () => {
  await popFetch.close();
  await world.close();
});

describe("CALL-04 redirects", () => {
  it.each(STATUS)("CALL-04 follows a %i within the origin", async (status) => {
    const response = await popFetch(redirect(status, "/echo/there?x=1"));
    expect(response.url).toBe(`${world.customApi.url}/echo/there?x=1`);
    expect(response.redirected).toBe(true);
    expect(response.clone().redirected).toBe(true);
    expect(await echoed(response)).toMatchObject({ method: "GET", path: "/echo/there", query: { x: "1" } });
    expect(new Set(world.arrived().map(({ connectionId }) => connectionId)).size).toBe(1);
  });

  it.each([
    [301, "GET", "", undefined],
    [302, "GET", "", undefined],
    [303, "GET", "", undefined],
    [307, "POST", "body", "text/x-mine"],
    [308, "POST", "body", "text/x-mine"],
  ])("FETCH-41 after a %i a POST goes on as %s", async (status, method, text, type) => {
    const headers = { "content-type": "text/x-mine", "content-language": "de", "x-kept": "yes" };
    const echo = await echoed(popFetch(redirect(status, "/echo"), { method: "POST", body: "body", headers }));
    expect(echo).toMatchObject({ method, text });
    expect(echo.headers["content-type"]).toBe(type);
    expect(echo.headers["x-kept"]).toBe("yes");
    expect(echo.headers["content-language"] === undefined).toBe(method === "GET");
  });

  it.each([
    [301, "PUT", "PUT"],
    [302, "DELETE", "DELETE"],
    [303, "PUT", "GET"],
    [303, "DELETE", "GET"],
    [307, "PUT", "PUT"],
  ])("FETCH-41 after a %i a %s goes on as %s", async (status, method, then) => {
    expect((await echoed(popFetch(redirect(status, "/echo"), { method }))).method).toBe(then);
  });

  it.each([301, 302])("FETCH-41 after a %i a POST's stream is dropped with its method, as after a 303", async (status) => {
    const body = new Blob(["once"]).stream();
    const echo = await echoed(popFetch(redirect(status, "/echo"), { method: "POST", body, duplex: "half" }));
    expect(echo).toMatchObject({ method: "GET", text: "" });
  });

  it("FETCH-41 after a 303 a HEAD stays a HEAD", async () => {
    const response = await popFetch(redirect(303, "/echo"), { method: "HEAD" });
    expect(response.url).toBe(`${world.customApi.url}/echo`);
    expect(world.arrived().map(({ method }) => method)).toEqual(["HEAD", "HEAD"]);
  });

  it("FETCH-08 keeps the fragment of its own, and takes the redirect's", async () => {
    expect((await popFetch(`${redirect(302, "/echo")}#mine`)).url).toBe(`${world.customApi.url}/echo`);
    expect((await popFetch(redirect(302, "/echo#theirs"))).url).toBe(`${world.customApi.url}/echo`);
  });

  it.each(STATUS)("CALL-04 does not follow a %i to another origin, and nothing reaches it", async (status) => {
    const elsewhere = world.customApi.urlOf("elsewhere");
    expect(await refusal(popFetch(redirect(status, `${elsewhere}/echo`)))).toMatchObject({ code: "redirect_refused", statusCode: status });
    expect(world.arrived().map(({ host }) => host)).toEqual([new URL(world.customApi.url).hostname]);
  });

  it.each([
    ["http", () => world.customApi.url.replace("https:", "http:")],
    ["another port", () => world.emulator.keyVault.url.replace(/\/\/[^:]+/, `//${new URL(world.customApi.url).hostname}`)],
    ["a network-path reference", () => `//${new URL(world.customApi.urlOf("elsewhere")).host}`],
    ["another configured resource", () => world.emulator.keyVault.url],
    ["user info", () => world.customApi.url.replace("//", "//user@")],
    ["no URL", () => "https://"],
    ["a scheme of another kind", () => "data:text/plain,"],
  ])("does not follow one to %s", async (_what, target) => {
    expect((await refusal(popFetch(redirect(302, `${target()}/echo`.replace("https:///echo", "https://"))))).code).toBe("redirect_refused");
    expect(world.arrived()).toHaveLength(1);
  });

  it("does not follow one to the path of another resource of the same origin", async () => {
    const token = await world.tokenOf(world.certificate);
    const { url } = world.customApi;
    const { transport } = world;
    const resources = { a: { baseUrl: `${url}/redirect` }, b: { baseUrl: `${url}/echo` } };
    await using own = createPopFetch({ tokens: given(token), transport, resources });
    expect((await refusal(own(redirect(302, "/echo")))).code).toBe("redirect_refused");
    expect((await refusal(own(redirect(302, "/headers")))).code).toBe("redirect_refused");
    expect(world.arrived()).toHaveLength(2);
  });

  it("FETCH-44 gives up after twenty", async () => {
    // an empty Location is the URL itself
    const error = await refusal(popFetch(redirect(302, "")));
    expect(error).toMatchObject({ code: "redirect_refused", message: expect.stringMatching(/more than 20 times/) });
    expect(world.arrived()).toHaveLength(21);
  });

  it('FETCH-42 refuses every redirect with redirect: "error"', async () => {
    const error = await refusal(popFetch(redirect(302, "/echo"), { redirect: "error" }));
    expect(error).toMatchObject({ code: "redirect_refused", statusCode: 302 });
    expect(world.arrived()).toHaveLength(1);
  });

  it('FETCH-43 gives the answer itself with redirect: "manual", from a Request as well', async () => {
    for (const response of [
      await popFetch(redirect(307, "https://evil.example/"), { redirect: "manual" }),
      await popFetch(new Request(redirect(307, "https://evil.example/"), { redirect: "manual" })),
    ]) {
      expect(response).toMatchObject({ status: 307, redirected: false });
      expect(response.headers.get("location")).toBe("https://evil.example/");
    }
  });

  it("CALL-06 a stream is not sent again after a 307, and is after a 303 not needed", async () => {
    const init = () => ({ method: "POST", body: new Blob(["body"]).stream(), duplex: "half" }) as const;
    expect((await refusal(popFetch(redirect(307, "/echo"), init()))).code).toBe("body_not_replayable");
    expect(world.arrived()).toHaveLength(1);
    expect((await echoed(popFetch(redirect(303, "/echo"), init()))).method).toBe("GET");
  });

  it("FETCH-46 hands on a status of redirection without a Location", async () => {
    expect((await popFetch(`${world.customApi.url}/status/302`)).status).toBe(302);
  });
});

function redirect(status: number, to: string): string {
  return `${world.customApi.url}/redirect?${new URLSearchParams({ status: String(status), to })}`;
}
