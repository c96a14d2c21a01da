import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { app } from "@azure/functions";
import { type FunctionsHost, startFunctionsHost } from "@mtls-pop/emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { withMtlsPop } from "../src/index.js";
import { type LocalApp, localApp, orders } from "./local-app.js";

let local: LocalApp;
let host: FunctionsHost;

beforeAll(async () => {
  local = await localApp();
  const entry = () => {
    app.setup({ enableHttpStream: true });
    app.http("forward", {
      route: "forward/{*path}",
      handler: withMtlsPop({ resources: { orders } }, async (request, _context, clients) => {
        const { status, body } = await clients.orders(`/${request.params["path"]}`);
        return { status, body };
      }),
    });
  };
  // the library takes its setup once a process: one host for all
  host = await startFunctionsHost({ entry, env: local.settings });
});

beforeEach(() => local.emulator.forgetRequests());

afterAll(async () => {
  await host.close();
  await local.close();
});

async function forwarded(path: string): Promise<IncomingMessage> {
  const [response] = await once(request(`${host.url}/api/forward/${path}`).end(), "response");
  return response;
}

describe("a handler that returns the body of a bound call", () => {
  it("streams it: the caller has the first part before the resource has sent the second", async () => {
    const stream = local.emulator.customApi.stream("parts");
    const arriving = forwarded("stream/parts");
    await stream.write("first");
    const response = await arriving;
    const chunks = response.setEncoding("utf8")[Symbol.asyncIterator]();
    expect((await chunks.next()).value).toBe("first");
    await stream.write("second");
    expect((await chunks.next()).value).toBe("second");
    await stream.end();
    expect((await chunks.next()).done).toBe(true);
  });

  it("frees the resource's connection for the next call when it was read to its end", async () => {
    const stream = local.emulator.customApi.stream("whole");
    const arriving = forwarded("stream/whole");
    await stream.write("all of it");
    await stream.end();
    const response = await arriving;
    expect(await response.setEncoding("utf8").toArray()).toEqual(["all of it"]);
    await (await forwarded("echo")).toArray();
    const connections = local.requests("custom-api").map(({ connectionId }) => connectionId);
    expect([connections.length, new Set(connections).size]).toEqual([2, 1]);
  });

  it("cuts the caller off in the middle when the resource does, instead of passing a part off as the whole", async () => {
    const stream = local.emulator.customApi.stream("cut");
    const arriving = forwarded("stream/cut");
    await stream.write("half");
    const response = await arriving;
    await once(response, "readable");
    await stream.cut();
    await expect(response.toArray()).rejects.toThrow("aborted");
  });

  it("leaves no connection open when the app ends in the middle", async () => {
    const stream = local.emulator.customApi.stream("left");
    const arriving = forwarded("stream/left");
    await stream.write("begun");
    const response = await arriving;
    response.on("error", () => undefined);
    const connectionId = local.requests("custom-api")[0]?.connectionId ?? 0;
    expect(connectionId).toBeGreaterThan(0);
    const closing = host.close();
    await stream.end();
    await closing;
    await local.emulator.connectionClosed(connectionId);
  });
});
