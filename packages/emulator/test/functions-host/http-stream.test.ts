import { once } from "node:events";
import { request } from "node:http";
import { app } from "@azure/functions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FunctionsHost, startFunctionsHost } from "../../src/functions-host/functions-host.js";

let host: FunctionsHost;

beforeAll(async () => {
  host = await startFunctionsHost({
    entry: () => {
      app.setup({ enableHttpStream: true });
      app.post("upper", {
        route: "upper/{name}",
        handler: ({ body, params, headers, query }) => ({
          status: 201,
          headers: { "x-name": `${params["name"]} ${headers.get("x-sent")} ${query.get("q")}` },
          cookies: [{ name: "a", value: "1" }],
          body: body?.pipeThrough(
            new TransformStream({ transform: (chunk, out) => out.enqueue(Buffer.from(String(Buffer.from(chunk)).toUpperCase())) }),
          ),
        }),
      });
      app.get("plain", () => ({ body: "plain" }));
      app.post("throws", () => {
        throw new Error("secret");
      });
    },
  });
});

afterAll(() => host.close());

describe("an app with enableHttpStream", () => {
  it("answers the first part of a request before the second was sent", async () => {
    const call = request(`${host.url}/api/upper/me?q=1`, { method: "POST", headers: { "x-sent": "yes" } });
    call.write("first");
    const [response] = await once(call, "response");
    const chunks = response.setEncoding("utf8")[Symbol.asyncIterator]();
    expect([response.statusCode, response.headers["x-name"], response.headers["set-cookie"]]).toEqual([201, "me yes 1", ["a=1"]]);
    expect((await chunks.next()).value).toBe("FIRST");
    call.end("second");
    expect((await chunks.next()).value).toBe("SECOND");
    expect((await chunks.next()).done).toBe(true);
  });

  it("answers requests without a body", async () => {
    expect(await (await fetch(`${host.url}/api/plain`)).text()).toBe("plain");
  });

  it("answers an empty 500 when the handler throws", async () => {
    const response = await fetch(`${host.url}/api/throws`, { method: "POST", body: "x" });
    expect([response.status, await response.text()]).toEqual([500, ""]);
  });
});
