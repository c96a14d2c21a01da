import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { request } from "undici";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { failure } from "../failure.js";
import { dispatching } from "./dispatching.js";
import { recorder } from "./handling.js";

let world: Awaited<ReturnType<typeof dispatching>>;
let url: string;
beforeAll(async () => {
  world = await dispatching();
  ({ url } = world.customApi);
});
afterAll(() => world.close());
beforeEach(() => world.emulator.forgetRequests());

it("waits in close() for the calls that are under way, to the end of their bodies, and takes no further ones", async () => {
  const dispatcher = world.dispatcher();
  const written = world.customApi.stream("last");
  const { body } = await request(`${url}/stream/last`, { dispatcher });
  await written.opened;
  const order: string[] = [];
  const closing = dispatcher.close().then(() => order.push("closed"));
  expect([dispatcher.closed, dispatcher.destroyed]).toEqual([true, false]);
  expect(await failure(request(`${url}/echo`, { dispatcher }))).toMatchObject({ code: "client_closed" });
  await written.write("all ");
  order.push("written");
  await written.end();
  expect(await body.text()).toBe("all ");
  await closing;
  expect(order).toEqual(["written", "closed"]);
  await dispatcher.close();
  expect(world.arrived()).toHaveLength(1);
});

it("ends an answer in close() that its handler holds back for longer than the body may pause", async () => {
  const dispatcher = world.dispatcher({ transport: { ...world.transport, bodyTimeoutMs: 300 } });
  const { handler, told, done } = recorder("undici 7", { head: (controller) => controller.pause() });
  dispatcher.dispatch({ origin: url, path: "/bytes/8000000", method: "GET" }, handler);
  await expect.poll(() => told.events.length).toBe(2);
  await Promise.all([dispatcher.close(), done]);
  expect(told).toMatchObject({ events: ["start", "head", "error"], error: { code: "client_closed" } });
});

it("ends in destroy() what is under way, with the error that it is given", async () => {
  const dispatcher = world.dispatcher();
  const waiting = recorder("undici 7");
  const reading = recorder("undici 6");
  const written = world.customApi.stream("cut");
  dispatcher.dispatch({ origin: url, path: "/slow", method: "GET" }, waiting.handler);
  dispatcher.dispatch({ origin: url, path: "/stream/cut", method: "GET" }, reading.handler);
  await written.opened;
  await expect.poll(() => [reading.told.events.length, world.arrived().length]).toEqual([2, 2]);
  const error = new RangeError("over");
  await dispatcher.destroy(error);
  expect([waiting.told.events, waiting.told.error]).toEqual([["start", "error"], error]);
  expect([reading.told.events, reading.told.error]).toEqual([["start", "head", "error"], error]);
  await written.closed;
  expect([dispatcher.closed, dispatcher.destroyed]).toEqual([true, true]);
  const acquiring = world.dispatcher();
  const { handler, told } = recorder("undici 7");
  acquiring.dispatch({ origin: url, path: "/echo", method: "GET" }, handler);
  await acquiring.destroy();
  expect(told).toMatchObject({ events: ["start", "error"], error: { code: "client_closed" } });
});

it("tells all others of destroy() when a handler or a listener throws what nobody is there to take", async () => {
  const dispatcher = world.dispatcher({ maxConnectionsPerOrigin: 1 });
  const throwing = {
    onConnect: () => undefined,
    onError: () => {
      throw new RangeError("of the handler");
    },
  };
  dispatcher.once("drain", () => {
    throw new RangeError("of the listener");
  });
  const { handler, told } = recorder("undici 7");
  dispatcher.dispatch({ origin: url, path: "/slow", method: "GET" }, throwing);
  dispatcher.dispatch({ origin: url, path: "/slow", method: "GET" }, handler);
  const uncaught = await uncaughtDuring(() => dispatcher.destroy());
  expect(told.events).toEqual(["start", "error"]);
  expect(uncaught.map(String).sort()).toEqual(["RangeError: of the handler", "RangeError: of the listener"]);
});

/** What would have ended the process; the test runner's own listeners are off for that long. */
async function uncaughtDuring(work: () => Promise<void>): Promise<unknown[]> {
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException").on("uncaughtException", note);
  try {
    await work();
    await setImmediate();
  } finally {
    process.off("uncaughtException", note);
    for (const other of others) process.on("uncaughtException", other);
  }
  return uncaught;
}

it("calls back where it is asked to", async () => {
  const called: string[] = [];
  const calls = [
    (done: () => void) => world.dispatcher().close(done),
    (done: () => void) => world.dispatcher().destroy(done),
    (done: () => void) => world.dispatcher().destroy(null, done),
    (done: () => void) => world.dispatcher().destroy(new Error("x"), done),
  ];
  for (const [index, call] of calls.entries()) {
    await new Promise<void>((resolve) => {
      expect(call(resolve)).toBeUndefined();
    });
    called.push(String(index));
  }
  expect(called).toHaveLength(calls.length);
});

it("says when all connections are taken, and when one is free again", async () => {
  await using dispatcher = world.dispatcher({ maxConnectionsPerOrigin: 2 });
  const get = () => {
    const recorded = recorder("undici 7");
    return { ...recorded, hasRoom: dispatcher.dispatch({ origin: url, path: "/echo", method: "GET" }, recorded.handler) };
  };
  const drained = once(dispatcher, "drain");
  const calls = [get(), get(), get()];
  expect(calls.map(({ hasRoom }) => hasRoom)).toEqual([true, false, false]);
  const [origin, targets] = await drained;
  expect([String(origin), targets]).toEqual([`${url}/`, [dispatcher]]);
  for (const { done } of calls) expect((await done).events).toEqual(["start", "head", "end"]);
});

it("keeps one connection for calls that follow each other", async () => {
  await using dispatcher = world.dispatcher();
  for (let i = 0; i < 3; i++) await (await request(`${url}/bytes/200000`, { dispatcher })).body.dump({ limit: 300_000 });
  expect(new Set(world.arrived().map(({ connectionId }) => connectionId)).size).toBe(1);
});
