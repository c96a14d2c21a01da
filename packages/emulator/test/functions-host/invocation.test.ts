import { inspect } from "node:util";
import { app, type InvocationContext } from "@azure/functions";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FunctionsHost, startFunctionsHost } from "../../src/functions-host/functions-host.js";

let host: FunctionsHost;
const seen: unknown[] = [];
const take = (input: unknown, context: InvocationContext): unknown => {
  seen.push(input, context.triggerMetadata);
  return "done";
};
const thrown: unknown[] = [];
const failure = new Error("the queue is broken");

beforeAll(async () => {
  host = await startFunctionsHost({
    entry: () => {
      app.timer("timer", { schedule: "0 0 * * * *", handler: (timer, context) => void take(timer, context) });
      app.storageQueue("queue", { queueName: "q", connection: "C", handler: take });
      app.serviceBusQueue("bus", { queueName: "q", connection: "C", handler: take });
      app.eventHub("hub", { eventHubName: "h", connection: "C", cardinality: "many", handler: take });
      app.storageBlob("blob", { path: "p/{name}", connection: "C", handler: take });
      app.generic("generic", { trigger: { type: "kafkaTrigger", name: "event" }, handler: take });
      app.get("http", () => ({}));
      app.storageQueue("failing", { queueName: "q", connection: "C", handler: () => Promise.reject(failure) });
      app.storageQueue("throwing", {
        queueName: "q",
        connection: "C",
        handler: () => {
          throw thrown.at(-1);
        },
      });
      app.storageQueue("logging", {
        queueName: "q",
        connection: "C",
        handler: (_message, context) => {
          context.log("plain %d", 1);
          context.warn("careful");
          context.error(new Error("bad"));
        },
      });
      app.storageQueue("hooked", { queueName: "q", connection: "C", handler: take });
      app.storageQueue("rescued", { queueName: "q", connection: "C", handler: () => Promise.reject(failure) });

      app.hook.preInvocation((context) => {
        if (context.invocationContext.functionName !== "hooked") return;
        context.hookData["from"] = "before";
        context.inputs = ["changed"];
        const original = context.functionHandler;
        context.functionHandler = async (...args) => `wrapped ${await original(...args)}`;
      });
      app.hook.postInvocation((context) => {
        if (context.invocationContext.functionName === "hooked") context.result = `${context.result} ${context.hookData["from"]}`;
        if (context.invocationContext.functionName === "rescued") {
          context.error = null;
          context.result = "rescued";
        }
      });
      app.hook.log((context) => {
        if (context.message === "careful") context.message = "taken care of";
      });
    },
  });
});

beforeEach(() => void seen.splice(0));
afterAll(() => host.close());

describe("a function fired by hand", () => {
  it("gets a timer as the host makes one", async () => {
    await host.invoke("timer");
    expect(seen[0]).toMatchObject({ isPastDue: false, schedule: { adjustForDST: true }, scheduleStatus: { last: expect.any(String) } });
  });

  it.each([
    ["queue", "text", "text"],
    ["queue", { id: 1 }, { id: 1 }],
    ["queue", '{"id":1}', { id: 1 }],
    ["bus", 7, 7],
    ["bus", 0.5, 0.5],
    ["hub", [{ id: 1 }, { id: 2 }], [{ id: 1 }, { id: 2 }]],
    ["blob", Buffer.from("bytes"), Buffer.from("bytes")],
    ["generic", true, true],
  ])("gets its input through the library's own conversion (%s, %j)", async (name, input, expected) => {
    expect(await host.invoke(name, input)).toBe("done");
    expect(seen[0]).toEqual(expected);
  });

  it("gets trigger metadata under names in camel case", async () => {
    await host.invoke("queue", "text", { DequeueCount: 3, Id: "abc" });
    expect(seen[1]).toEqual({ dequeueCount: 3, id: "abc" });
  });

  it("rejects with the very error that the handler threw, and logs it", async () => {
    await expect(host.invoke("failing", "x")).rejects.toBe(failure);
    expect(host.logs).toContainEqual(
      expect.objectContaining({
        category: "system",
        level: "error",
        functionName: "failing",
        message: expect.stringContaining(failure.message),
      }),
    );
  });

  it.each(["text", 7, Symbol("a symbol"), Object.create(null), { a: 1 }])(
    "rejects with what is no error as well, and logs it: %o",
    async (value) => {
      thrown.push(value);
      await expect(host.invoke("throwing", "x")).rejects.toBe(value);
      const message = expect.stringContaining(typeof value === "string" ? value : inspect(value));
      expect(host.logs.at(-1)).toMatchObject({ category: "system", level: "error", functionName: "throwing", message });
    },
  );

  it.each([undefined, null])("counts as done when its handler throws %s, as with Microsoft's worker", async (value) => {
    thrown.push(value);
    const lines = host.logs.length;
    expect(await host.invoke("throwing", "x")).toBeNull();
    expect(host.logs).toHaveLength(lines);
  });

  it("runs between its hooks, which may change inputs, handler, result and error", async () => {
    expect(await host.invoke("hooked", "original")).toBe("wrapped done before");
    expect(seen[0]).toBe("changed");
    expect(await host.invoke("rescued", "x")).toBe("rescued");
  });

  it("logs through its context, past the log hooks", async () => {
    await host.invoke("logging", "x");
    const logs = host.logs.filter(({ functionName, category }) => functionName === "logging" && category === "user");
    expect(logs.map(({ level, message }) => [level, message.split("\n")[0]])).toEqual([
      ["information", "plain 1"],
      ["warning", "taken care of"],
      ["error", "Error: bad"],
    ]);
    expect(new Set(logs.map(({ invocationId }) => invocationId)).size).toBe(1);
  });

  it("must exist and have another trigger than HTTP", async () => {
    await expect(host.invoke("unknown")).rejects.toThrow('There is no function "unknown". Known: timer, queue');
    await expect(host.invoke("http")).rejects.toThrow("call its URL");
  });
});
