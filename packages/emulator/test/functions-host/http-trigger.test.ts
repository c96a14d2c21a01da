import { app, type HttpRequest, HttpResponse } from "@azure/functions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FunctionsHost, startFunctionsHost } from "../../src/functions-host/functions-host.js";

let host: FunctionsHost;

beforeAll(async () => {
  host = await startFunctionsHost({
    entry: () => {
      app.http("echo", {
        methods: ["POST", "PUT"],
        route: "echo/{first}/{second?}",
        handler: async (request) => ({ jsonBody: await described(request) }),
      });
      app.get("unrouted", () => ({ body: "by name" }));
      app.get("byNumber", { route: "things/{id:int}", handler: () => ({ body: "number" }) });
      app.get("byText", { route: "things/{id}", handler: () => ({ body: "text" }) });
      app.get("guarded", { authLevel: "function", handler: () => ({ body: "function" }) });
      app.get("administered", { authLevel: "admin", handler: () => ({ body: "admin" }) });
      app.get("text", () => ({ body: "text", status: 201, headers: { "x-own": "1" } }));
      app.get("json", () => ({ jsonBody: { a: 1 } }));
      app.get("bytes", () => ({ body: Buffer.from([0, 255, 1]) }));
      app.get("stream", () => ({ body: new Blob(["one ", "two"]).stream() }));
      app.get("form", () => ({ body: new URLSearchParams({ a: "1 2" }) }));
      app.get("built", () => new HttpResponse({ status: 418, body: "teapot" }));
      app.get("nothing", () => JSON.parse("null"));
      app.get("noContent", () => ({ status: 204, body: "ignored" }));
      app.get("cookies", () => ({
        cookies: [
          { name: "a", value: "1 2", path: "/", secure: true, httpOnly: true, sameSite: "Strict", maxAge: 60 },
          { name: "b", value: "2", expires: new Date(0), domain: "example.com", sameSite: "None" },
        ],
      }));
      app.get("throws", () => {
        throw new Error("the password is secret");
      });
    },
  });
});

afterAll(() => host.close());

async function described(request: HttpRequest): Promise<object> {
  return {
    method: request.method,
    url: request.url,
    params: request.params,
    query: Object.fromEntries(request.query),
    header: request.headers.get("x-sent"),
    body: await request.text(),
  };
}

const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${host.url}${path}`, init);

describe("an HTTP trigger", () => {
  it("gets method, URL, parameters, query, headers and body", async () => {
    const response = await get("/api/echo/a%20b?q=1", { method: "POST", headers: { "x-sent": "yes" }, body: "päyload" });
    expect(await response.json()).toEqual({
      method: "POST",
      url: `${host.url}/api/echo/a%20b?q=1`,
      params: { first: "a b" },
      query: { q: "1" },
      header: "yes",
      body: "päyload",
    });
  });

  it("answers under its name when it has no route", async () => {
    expect(await (await get("/api/unrouted")).text()).toBe("by name");
  });

  it("is chosen by the most exact route", async () => {
    expect(await (await get("/api/things/7")).text()).toBe("number");
    expect(await (await get("/api/things/seven")).text()).toBe("text");
  });

  it.each(["/", "/api", "/api/unknown", "/unrouted", "/api/echo", "//evil.example/api/unrouted"])("answers 404 to %s", async (path) => {
    const response = await get(path);
    expect([response.status, await response.text()]).toEqual([404, ""]);
  });

  it("answers 404 to a method that the function does not take, HEAD included", async () => {
    expect((await get("/api/unrouted", { method: "POST" })).status).toBe(404);
    expect((await get("/api/unrouted", { method: "HEAD" })).status).toBe(404);
  });

  it("answers 400 to a path that is not encoded properly", async () => {
    expect((await get("/api/things/%E0%A4%A")).status).toBe(400);
  });

  describe("with authLevel function", () => {
    it("takes the function key in the header or the query, and the admin key", async () => {
      expect((await get("/api/guarded", { headers: { "x-functions-key": host.functionKey } })).status).toBe(200);
      expect((await get(`/api/guarded?code=${host.functionKey}`)).status).toBe(200);
      expect((await get(`/api/guarded?code=${host.adminKey}`)).status).toBe(200);
    });

    it("answers an empty 401 without a key, with a wrong one, and with a wrong header beside a right query", async () => {
      const none = await get("/api/guarded");
      expect([none.status, await none.text()]).toEqual([401, ""]);
      expect((await get("/api/guarded?code=")).status).toBe(401);
      expect((await get("/api/guarded", { headers: { "x-functions-key": `${host.functionKey}x` } })).status).toBe(401);
      expect((await get(`/api/guarded?code=${host.functionKey}`, { headers: { "x-functions-key": "wrong" } })).status).toBe(401);
    });
  });

  it("with authLevel admin takes the admin key alone", async () => {
    expect((await get("/api/administered", { headers: { "x-functions-key": host.functionKey } })).status).toBe(401);
    expect((await get("/api/administered", { headers: { "x-functions-key": host.adminKey } })).status).toBe(200);
  });

  it("sends status, headers and a text body", async () => {
    const response = await get("/api/text");
    expect([response.status, response.headers.get("x-own"), await response.text()]).toEqual([201, "1", "text"]);
  });

  it("sends a JSON body with its content type", async () => {
    const response = await get("/api/json");
    expect([response.headers.get("content-type"), await response.json()]).toEqual(["application/json", { a: 1 }]);
  });

  it("sends bytes, streams and forms", async () => {
    expect(Buffer.from(await (await get("/api/bytes")).arrayBuffer())).toEqual(Buffer.from([0, 255, 1]));
    expect(await (await get("/api/stream")).text()).toBe("one two");
    expect(await (await get("/api/form")).text()).toBe("a=1+2");
  });

  it("sends a response object that the handler made", async () => {
    const response = await get("/api/built");
    expect([response.status, await response.text()]).toEqual([418, "teapot"]);
  });

  it("answers 204 when the handler returns nothing", async () => {
    expect((await get("/api/nothing")).status).toBe(204);
    expect((await get("/api/noContent")).status).toBe(204);
  });

  it("sets cookies", async () => {
    expect((await get("/api/cookies")).headers.getSetCookie()).toEqual([
      "a=1%202; max-age=60; path=/; secure; samesite=strict; httponly",
      "b=2; domain=example.com; samesite=none",
    ]);
  });

  it("answers an empty 500 when the handler throws, and logs the error", async () => {
    const response = await get("/api/throws");
    expect([response.status, await response.text()]).toEqual([500, ""]);
    expect(host.logs).toContainEqual(
      expect.objectContaining({ level: "error", functionName: "throws", message: expect.stringContaining("the password is secret") }),
    );
  });
});
