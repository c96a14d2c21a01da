import { existsSync } from "node:fs";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalApp } from "@mtls-pop/emulator";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { direct } from "../../scripts/demo/direct-story.js";
import { keepRunning } from "../../scripts/demo/keep-running.js";
import { Narrator } from "../../scripts/demo/narrator.js";
import type { DemoOptions } from "../../scripts/demo/run-demo.js";
import { SECRET } from "../../scripts/demo/stage.js";
import { buildSample, carelessVault, playFlow } from "./demo-under-test.js";

let appRoot: string;

beforeAll(async () => {
  appRoot = await buildSample();
});
afterAll(() => rm(appRoot, { recursive: true }));

const play = (options: DemoOptions<LocalApp> = {}) => playFlow(direct, { appRoot, ...options });

describe("demo", () => {
  it("tells the flow from certificate to refused thief, and ends with 0", async () => {
    const { exitCode, text } = await play();
    expect(exitCode, text).toBe(0);
    const told = [
      /certificate loaded\n {4}subject +CN=.+\n {4}thumbprint +[0-9A-F]{40}\n/,
      /token endpoint chosen\n.*\n {4}endpoint +https:\/\/westus3\.mtlsauth\.emulator\.localhost:\d+\/.+\/oauth2\/v2\.0\/token\n/,
      /token acquired\n {4}type +mtls_pop\n {4}bound to +[0-9A-F]{40}, .*\n {4}source +IdentityProvider/,
      /secret returned \(\d+ ms\)\n {4}value +"A bound token has read this\."\n/,
      /token taken from the cache \(\d+ ms\)\n {4}source +Cache/,
      /replayed with another certificate: refused \(\d+ ms\)\n {4}the vault +401 MtlsCnfClaimRequestDataValidationFailed\n/,
      /replayed with no certificate: refused \(\d+ ms\)\n {4}the vault +401 MissingClientCertificate\n/,
    ];
    const places = told.map((statement) => text.search(statement));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  it("shows no more of the token than its beginning", async () => {
    const { text } = await play();
    expect(text).toContain("Authorization: mtls_pop eyJ");
    expect(text).not.toMatch(/eyJ[\w-]{20}/);
  });

  it("ends with 1 and the app's own error when the identity provider gives a Bearer token", async () => {
    const { exitCode, text } = await play({
      arrange: ({ emulator }) => {
        emulator.faults.add({ on: "token", kind: "downgrade", times: 10 });
        return undefined;
      },
    });
    expect(exitCode).toBe(1);
    expect(text).toContain(
      'Not true: the app answers GET /api/health. It said 500 {"status":"failing","error":{"code":"token_type_mismatch"',
    );
    expect(text).toMatch(/the app: .*token_type_mismatch/);
    expect(text).not.toContain("token acquired");
  });

  it("ends with 1 when the first token needed two requests", async () => {
    const { exitCode, text } = await play({
      arrange: ({ emulator }) => {
        emulator.faults.add({ on: "token", kind: "reset" });
        return undefined;
      },
    });
    expect(exitCode).toBe(1);
    expect(text).toContain("Not true: warm-up and first call shared one token request. Expected 1, found 2.");
  });

  it("ends with 1 when the vault hands the secret to the thief", async () => {
    const { url, ca } = await carelessVault();
    const { exitCode, text } = await play({ arrange: ({ emulator: { lookup } }) => ({ robbedVault: { url, ca, lookup } }) });
    expect(exitCode).toBe(1);
    expect(text).toContain("Not true: the vault refuses the token with another certificate. Expected");
    expect(text).toContain(`found {"status":200,"words":"${SECRET.value}"}`);
  });

  it("ends with 1 and says what is missing when the sample is not built", async () => {
    const empty = await mkdtemp(join(tmpdir(), "demo-test-"));
    onTestFinished(() => rm(empty, { recursive: true }));
    await copyFile(join(appRoot, "package.json"), join(empty, "package.json"));
    const { exitCode, text } = await play({ appRoot: empty });
    expect(exitCode).toBe(1);
    expect(text).toContain("Has the app been built?");
  });

  it("ends with 130 and removes the app's key when it is stopped half-way", async () => {
    const stopping = new AbortController();
    const keys: string[] = [];
    const { exitCode, text } = await play({
      stop: stopping.signal,
      arrange: ({ app }) => {
        keys.push(app.environment.AZURE_CLIENT_CERTIFICATE_PATH);
        stopping.abort();
        return undefined;
      },
    });
    expect(exitCode).toBe(130);
    expect(text).toContain("Stopped.");
    expect(keys.map((key) => existsSync(key))).toEqual([false]);
  });
});

/** Runs `dev` until the signal says stop; what it says of how to call it comes when it is printed. */
function startDev(stop: AbortSignal): { running: Promise<number>; printed: Promise<string> } {
  let running: Promise<number> = Promise.resolve(1);
  const printed = new Promise<string>((resolve) => {
    const write = (text: string): void => {
      if (text.includes("curl")) resolve(text);
    };
    running = keepRunning(new Narrator({ write }), stop, { appRoot });
  });
  return { running, printed };
}

describe("dev", () => {
  it("prints curl lines that work, and ends with 0 when it is stopped", async () => {
    const stopping = new AbortController();
    const { running, printed } = startDev(stopping.signal);
    const [, header = "", key = "", url = ""] =
      /curl -H "(x-functions-key): (.+)" (http.+\/api\/secrets\/my-secret)/.exec(await printed) ?? [];
    const [, faults = "", type = "", fault = ""] = /curl (http.+\/faults) -H "content-type: (.+)" -d '(.+)'/.exec(await printed) ?? [];
    const read = () => fetch(url, { headers: { [header]: key } });
    const response = await read();
    await expect(response.json()).resolves.toMatchObject({ value: SECRET.value });
    await fetch(faults, { method: "POST", headers: { "content-type": type }, body: fault });
    expect((await read()).status, "the fault is met although the token is cached").toBe(502);
    expect((await read()).status, "once").toBe(200);
    stopping.abort();
    await expect(running).resolves.toBe(0);
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });
});
