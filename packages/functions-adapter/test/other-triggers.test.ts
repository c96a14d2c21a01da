import { app } from "@azure/functions";
import type { EchoedCall } from "@mtls-pop/emulator";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { withMtlsPop } from "../src/index.js";
import { type LocalApp, localApp, orders, SECRET, secretPath, vault } from "./local-app.js";

let local: LocalApp;

beforeAll(async () => {
  local = await localApp();
});

afterEach(() => local.emulator.faults.clear());

afterAll(() => local.close());

interface Order {
  readonly id: string;
}

const queue = { queueName: "orders", connection: "QUEUE" };

describe("a function with another trigger", () => {
  it("reads a secret on a timer", async () => {
    const host = await local.host(() =>
      app.timer("tick", {
        schedule: "0 0 * * * *",
        handler: withMtlsPop({ resources: { vault } }, async (timer, context, clients) => {
          context.log(`past due: ${timer.isPastDue}`);
          return (await clients.vault(secretPath)).json();
        }),
      }),
    );
    expect(await host.invoke("tick")).toMatchObject({ value: SECRET });
    expect(host.logs.map(({ message }) => message)).toEqual(["past due: false"]);
  });

  it.each(["storageQueue", "serviceBusQueue"] as const)("sends a message of a %s on to an API of one's own, with `pop`", async (kind) => {
    const host = await local.host(() =>
      app[kind]("queued", {
        ...queue,
        handler: withMtlsPop({ resources: { orders } }, async (order: Order, _context, clients) => {
          return (await clients.orders("/echo", { method: "POST", body: JSON.stringify(order) })).json();
        }),
      }),
    );
    const echoed = (await host.invoke("queued", { id: "7" })) as EchoedCall;
    expect(echoed).toMatchObject({ method: "POST", authorizationScheme: "pop", certificateSha256: local.certificate.thumbprintSha256 });
    expect(Buffer.from(echoed.body, "base64").toString()).toBe('{"id":"7"}');
  });

  it("gets the input of a generic trigger", async () => {
    const host = await local.host(() =>
      app.generic("custom", { trigger: { type: "customTrigger", name: "input" }, handler: withMtlsPop(async (input) => input) }),
    );
    expect(await host.invoke("custom", { any: [1] })).toEqual({ any: [1] });
  });

  it("is told of an error of the toolkit, so that its message comes again, and the log has code and help", async () => {
    const host = await local.host(() =>
      app.storageQueue("queued", {
        ...queue,
        handler: withMtlsPop({ resources: { vault } }, async (_order, _context, clients) => {
          await clients.vault(secretPath);
        }),
      }),
    );
    local.emulator.faults.add({ on: "token", kind: "entra-error", code: 392189 });
    await expect(host.invoke("queued", { id: "7" })).rejects.toMatchObject({ code: "invalid_client", aadErrorCodes: [392189] });
    const [line] = host.logs.filter(({ category }) => category === "user");
    expect(line).toMatchObject({ level: "error", functionName: "queued", message: expect.stringContaining("[mtls-pop] invalid_client: ") });
  });

  it("is told of missing settings", async () => {
    const host = await local.host(() => app.timer("tick", { schedule: "0 0 * * * *", handler: withMtlsPop(async () => undefined) }), {
      AZURE_CLIENT_ID: "",
    });
    await expect(host.invoke("tick")).rejects.toMatchObject({
      code: "settings_missing",
      message: expect.stringContaining("AZURE_CLIENT_ID"),
    });
  });

  it.each([new RangeError("my own"), "a string", { a: 1 }, Object.create(null)])(
    "is told of what its handler threw, unchanged: %o",
    async (thrown) => {
      const host = await local.host(() =>
        app.timer("tick", {
          schedule: "0 0 * * * *",
          handler: withMtlsPop(() => {
            throw thrown;
          }),
        }),
      );
      const caught = await host.invoke("tick").catch((error: unknown) => error);
      expect(caught).toBe(thrown);
      expect(host.logs.filter(({ category }) => category === "user")).toEqual([]);
    },
  );
});
