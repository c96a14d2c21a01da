import { app, InvocationContext, type Timer } from "@azure/functions";
import type { BoundTokenSource, ResourceOptions } from "@mtls-pop/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withMtlsPop } from "../src/index.js";
import { type LocalApp, localApp, orders, secretPath, vault } from "./local-app.js";

let local: LocalApp;

beforeAll(async () => {
  local = await localApp();
});

afterAll(() => local.close());

const schedule = "0 0 * * * *";

/** Registers a timer that reads a secret; its handler is returned. */
function reader(name: string, resource: ResourceOptions, tokens?: BoundTokenSource) {
  const handler = withMtlsPop({ resources: { vault: resource }, ...(tokens && { tokens }) }, async (_timer: Timer, _context, clients) => {
    await (await clients.vault(secretPath)).text();
  });
  app.timer(name, { schedule, handler });
  return handler;
}

const connections = () => new Set(local.requests("key-vault").map(({ connectionId }) => connectionId));

describe("the clients", () => {
  it("are shared by functions that say the same, in whatever order", async () => {
    const host = await local.host(() => {
      reader("one", { baseUrl: "%KEY_VAULT_URL%", profile: "key-vault", headers: { a: "1", b: "2" } });
      reader("two", { headers: { b: "2", a: "1" }, profile: "key-vault", baseUrl: "%KEY_VAULT_URL%" });
    });
    await host.invoke("one");
    await host.invoke("two");
    expect(local.requests("token")).toHaveLength(1);
    expect(connections().size).toBe(1);
  });

  it("are others for functions that say something else, on the same tokens", async () => {
    const host = await local.host(() => {
      reader("one", vault);
      reader("two", { ...vault, headers: { "x-function": "two" } });
    });
    await host.invoke("one");
    await host.invoke("two");
    expect(local.requests("token")).toHaveLength(1);
    expect(connections().size).toBe(2);
  });

  it("are others for each token source, also when two look alike", async () => {
    const asked: string[] = [];
    const source = (name: string): BoundTokenSource => ({
      acquireBoundToken: async () => {
        asked.push(name);
        return { accessToken: "", tokenType: "Bearer" };
      },
    });
    const host = await local.host(() => {
      for (const name of ["one", "two"]) reader(name, vault, source(name));
    });
    await expect(host.invoke("one")).rejects.toMatchObject({ code: "token_not_bound" });
    await expect(host.invoke("two")).rejects.toMatchObject({ code: "token_not_bound" });
    expect(asked).toEqual(["one", "two"]);
  });

  it("are refused by the name of an option that cannot be compared, when the handler is wrapped", async () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    const wrongOptions: object[] = [{ agent: circular }, { agent: 1n }, { tokens: "none" }];
    for (const wrong of wrongOptions) {
      const message = expect.stringContaining(`\`${Object.keys(wrong)[0]}\``);
      const hosting = local.host(() => reader("one", Object.assign({}, vault, wrong)));
      await expect(hosting).rejects.toMatchObject({ code: "invalid_options", message });
    }
  });

  it("cannot be changed by a handler", async () => {
    const host = await local.host(() => {
      app.generic("replaces", {
        trigger: { type: "customTrigger", name: "input" },
        handler: withMtlsPop(async (_input, _context, clients) => Object.assign(clients, { fetch: () => undefined })),
      });
    });
    await expect(host.invoke("replaces")).rejects.toThrow(TypeError);
  });

  it("are closed with the app, every socket of them", async () => {
    const host = await local.host(() => {
      reader("one", vault);
      app.timer("two", {
        schedule,
        handler: withMtlsPop({ resources: { orders } }, async (_timer, _context, clients) => (await clients.orders("/echo")).json()),
      });
    });
    await host.invoke("one");
    await host.invoke("two");
    await host.close();
    const open = [...local.requests("key-vault"), ...local.requests("custom-api")].map(({ connectionId }) => connectionId);
    expect(new Set(open).size).toBe(2);
    await Promise.all(open.map((id) => local.emulator.connectionClosed(id)));
  });

  it("let an answer that is being read come to its end before they close", async () => {
    let onReading: () => void = () => undefined;
    const reading = new Promise<void>((resolve) => {
      onReading = resolve;
    });
    const host = await local.host(() =>
      app.timer("reads", {
        schedule,
        handler: withMtlsPop({ resources: { orders } }, async (_timer, _context, clients) => {
          const text = (await clients.orders("/stream/last")).text();
          onReading();
          return text;
        }),
      }),
    );
    const stream = local.emulator.customApi.stream("last");
    const running = host.invoke("reads");
    await reading;
    const closing = host.close();
    await stream.write("to the ");
    await stream.write("end");
    await stream.end();
    expect(await running).toBe("to the end");
    await closing;
  });

  it("refuse an invocation after the app has ended, and open nothing for it", async () => {
    const handlers: ReturnType<typeof reader>[] = [];
    const host = await local.host(() => handlers.push(reader("late", vault)));
    await host.invoke("late");
    await host.close();
    local.emulator.forgetRequests();
    const [handler] = handlers;
    const invocation = handler?.({} as Timer, new InvocationContext({ logHandler: () => undefined }));
    await expect(invocation).rejects.toMatchObject({ code: "client_closed" });
    expect(local.emulator.requests).toEqual([]);
  });

  it("are new ones for the next app of the process", async () => {
    const register = () => reader("again", vault);
    const first = await local.host(register);
    await first.invoke("again");
    await first.close();
    const second = await local.host(register);
    await second.invoke("again");
    expect(local.requests("token")).toHaveLength(1);
  });

  it("are closed with the next app when the first one did not come to start", async () => {
    const failing = () => {
      reader("fails", vault);
      throw new Error("no start");
    };
    await expect(local.host(failing)).rejects.toThrow("no start");
    const host = await local.host(() => reader("works", vault));
    await host.invoke("works");
    await host.close();
    await Promise.all([...connections()].map((id) => local.emulator.connectionClosed(id)));
  });
});
