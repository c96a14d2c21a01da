import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FakeAzd, fakeAzd } from "./fake-azd.js";

const folder = fileURLToPath(new URL("../", import.meta.url));
const tsx = fileURLToPath(new URL("../node_modules/tsx/dist/cli.mjs", import.meta.url));

let azd: FakeAzd;
beforeEach(async () => {
  azd = await fakeAzd();
});
afterEach(() => azd.dispose());

/** A hook as azd starts one: by tsx, in its folder, with the azd environment. */
function start(hook: string, values: Readonly<Record<string, string>>): ChildProcess {
  const env = { ...azd.environment, HOME: process.env["HOME"], ...values };
  return spawn(process.execPath, [tsx, "--", `${hook}.ts`], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
}

async function end(child: ChildProcess) {
  const [out, error, [code]] = await Promise.all([
    child.stdout ? text(child.stdout) : "",
    child.stderr ? text(child.stderr) : "",
    once(child, "close") as Promise<[number]>,
  ]);
  return { out, error, code };
}

const known = { AZURE_ENV_NAME: "dev", AZURE_LOCATION: "westus3", AZURE_SUBSCRIPTION_ID: "aaaaaaaa-0000-0000-0000-000000000001" };

describe("a hook that azd runs", () => {
  it.each([
    ["preprovision", {}, "AZURE_ENV_NAME"],
    ["preprovision", { ...known, AZURE_SUBSCRIPTION_ID: "" }, "AZURE_SUBSCRIPTION_ID"],
    ["postprovision", { AZURE_ENV_NAME: "dev" }, "AZURE_SUBSCRIPTION_ID"],
  ])("ends %s with 1, and says what is missing and what to do", async (hook, values, name) => {
    const { code, error, out } = await end(start(hook, values));
    expect(code).toBe(1);
    expect(error).toMatch(
      new RegExp(`^${hook}: ${name} is missing from the azd environment\\.[^\n]*\n  What to do: [^\n]*azd env set ${name}[^\n]*\n$`),
    );
    expect(out).toBe(
      hook === "preprovision" && name === "AZURE_SUBSCRIPTION_ID" ? `Tools: Node ${process.versions.node}, azd 1.24.0.\n` : "",
    );
  });

  it("uses azd's login, and says how to log in", async () => {
    await azd.set({ loggedIn: false });
    const { code, error } = await end(start("preprovision", known));
    expect([code, error]).toEqual([1, expect.stringMatching(/What to do: Log in with `azd auth login`/)]);
    expect((await azd.read()).calls.map(([command]) => command)).toEqual(["version", "auth"]);
  });

  it("ends at Ctrl-C, with what it has started, and says that it can be run again", async () => {
    await azd.set({ hangs: true });
    const watching = new AbortController();
    const changes = watch(azd.folder, { signal: watching.signal });
    const child = start("preprovision", known);
    const ended = end(child);
    for await (const _change of changes) if ((await azd.read()).calls.length > 0) break;
    child.kill("SIGINT");
    const { code, error } = await ended;
    expect([code, error]).toEqual([
      130,
      expect.stringMatching(/preprovision: preprovision was interrupted\.\n {2}What to do: Run the same command again/),
    ]);
  });
});
