import { fileURLToPath } from "node:url";
import { app } from "@azure/functions";
import { afterEach, describe, expect, it } from "vitest";
import { type FunctionsHost, startFunctionsHost } from "../../src/functions-host/functions-host.js";

const appRoot = (name: string): string => fileURLToPath(new URL(`apps/${name}`, import.meta.url));

let host: FunctionsHost | undefined;

afterEach(() => host?.close());

describe("an app's folder", () => {
  it("is loaded by the glob in main, and host.json gives the route prefix", async () => {
    host = await startFunctionsHost({ appRoot: appRoot("esm") });
    expect(host.functions).toEqual([
      { name: "tick", trigger: "timerTrigger" },
      { name: "index", trigger: "httpTrigger", http: { url: `${host.url}/v1/index`, methods: ["GET"], authLevel: "anonymous" } },
    ]);
    expect(await (await fetch(`${host.url}/v1/index`)).text()).toBe("index");
  });

  it("may be CommonJS", async () => {
    host = await startFunctionsHost({ appRoot: appRoot("cjs") });
    expect(await (await fetch(`${host.url}/api/main`)).text()).toBe("main");
  });

  it.each(["esm", "cjs"])("is loaded anew by the next host (%s)", async (name) => {
    for (let time = 0; time < 2; time++) {
      host = await startFunctionsHost({ appRoot: appRoot(name) });
      expect(host.functions).not.toHaveLength(0);
      await host.close();
    }
  });

  it("that was not built is refused by the name of what is missing", async () => {
    await expect(startFunctionsHost({ appRoot: appRoot("empty") })).rejects.toThrow('No file matches `main` of package.json, "dist/*.js"');
  });

  it("whose code throws is refused with that error, and does not stand in the way of the next", async () => {
    await expect(startFunctionsHost({ appRoot: appRoot("broken") })).rejects.toThrow("a setting is missing");
    host = await startFunctionsHost({ appRoot: appRoot("esm") });
  });
});

describe("a host", () => {
  const entry = (): void => app.timer("tick", { schedule: "0 0 * * * *", handler: () => process.env["GREETING"] });

  it("puts app settings into the environment and takes them back", async () => {
    process.env["GREETING"] = "outside";
    host = await startFunctionsHost({ entry, env: { GREETING: "inside" } });
    expect(await host.invoke("tick")).toBe("inside");
    await host.close();
    expect(process.env["GREETING"]).toBe("outside");
    delete process.env["GREETING"];
  });

  it("is the only one of its process", async () => {
    host = await startFunctionsHost({ entry });
    await expect(startFunctionsHost({ entry })).rejects.toThrow("A Functions host runs in this process already");
  });

  it("takes a route prefix of its own", async () => {
    host = await startFunctionsHost({
      entry: () => app.get("root", { route: "/", handler: () => ({ body: "root" }) }),
      hostJson: { extensions: { http: { routePrefix: "" } } },
    });
    expect(await (await fetch(host.url)).text()).toBe("root");
  });

  it.each([
    ["no function", () => {}, "registered no function"],
    ["a function twice", () => [entry(), entry()], 'the name "tick" is registered already'],
    ["a bad route", () => app.get("bad", { route: "{id:integer}", handler: () => ({}) }), "route constraint"],
    ["a bad level", () => app.get("bad", { authLevel: Object("nobody"), handler: () => ({}) }), 'authLevel "nobody"'],
  ])("refuses an app with %s", async (_what, register, message) => {
    await expect(startFunctionsHost({ entry: register })).rejects.toThrow(message);
  });

  it("refuses an app whose appStart hook throws, with that error", async () => {
    const register = (): void => {
      entry();
      app.hook.appStart(() => {
        throw new Error("no database");
      });
    };
    await expect(startFunctionsHost({ entry: register })).rejects.toThrow("no database");
  });

  it("runs appStart with the app's folder and appTerminate once, with the same data", async () => {
    const seen: unknown[] = [];
    host = await startFunctionsHost({
      entry: () => {
        entry();
        app.hook.appStart(({ hookData }) => {
          hookData["answer"] = 42;
        });
        app.hook.appTerminate(({ hookData }) => {
          seen.push(hookData["answer"]);
        });
      },
    });
    await Promise.all([host.close(), host.close()]);
    expect(seen).toEqual([42]);
  });

  it("has no socket left once it is closed", async () => {
    host = await startFunctionsHost({ entry: () => app.get("hello", () => ({ body: "hello" })) });
    await (await fetch(`${host.url}/api/hello`)).text();
    await host.close();
    await expect(fetch(`${host.url}/api/hello`)).rejects.toThrow();
  });

  it("refuses an unknown option by its name, before it loads anything", async () => {
    const options: object = { entry: () => expect.unreachable(), environment: {} };
    await expect(Reflect.apply(startFunctionsHost, undefined, [options])).rejects.toThrow(
      "startFunctionsHost: `environment` is not an option. Known: appRoot, entry, hostJson, env, onLog.",
    );
  });

  it("takes no registration after it has started or closed", async () => {
    host = await startFunctionsHost({ entry });
    expect(() => app.get("late", () => ({}))).toThrow("only be registered during app startup");
    await host.close();
    expect(() => app.get("later", () => ({}))).toThrow("No Functions host runs in this process");
  });
});
