import { FetchError, ofetch } from "ofetch";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PopDispatcher } from "../../src/undici/index.js";
import { failure } from "../failure.js";
import { dispatching } from "./dispatching.js";

let world: Awaited<ReturnType<typeof dispatching>>;
let dispatcher: PopDispatcher;
beforeAll(async () => {
  world = await dispatching();
  dispatcher = world.dispatcher();
});
afterAll(async () => {
  await dispatcher.close();
  await world.close();
});

it("carries the calls of a library that passes a dispatcher on: JSON both ways, its retries, its errors", async () => {
  const orders = ofetch.create({ baseURL: world.customApi.url, dispatcher, retryDelay: 1 });
  const echo = await orders("/echo", { method: "POST", body: { order: 1 }, query: { a: "b" } });
  expect(echo).toMatchObject({ query: { a: "b" }, authorizationScheme: "pop" });
  expect(JSON.parse(Buffer.from(echo.body, "base64").toString())).toEqual({ order: 1 });
  world.emulator.faults.add({ on: "custom-api", kind: "throttle" });
  expect(await orders("/orders/7")).toEqual({ id: "7" });
  const elsewhere = await failure(orders("/echo", { baseURL: world.customApi.urlOf("other"), retry: 0 }));
  expect(elsewhere).toBeInstanceOf(FetchError);
  expect(elsewhere).toMatchObject({ cause: { cause: { code: "resource_not_configured" } } });
});
