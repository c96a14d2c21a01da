import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, inject, it } from "vitest";
import { addConsumer, runNode } from "./project.js";

const { emulator, app } = inject("projects");
const binary = join(emulator, "node_modules/.bin/mtls-pop-emulator");

/** Reads the `NAME=value` lines that the emulator prints, until it says where its admin endpoint is. */
async function printedEnvironment(running: ChildProcess): Promise<Record<string, string>> {
  const environment: Record<string, string> = {};
  if (!running.stdout) throw new Error("The emulator's output is not read.");
  for await (const line of createInterface({ input: running.stdout })) {
    const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) environment[name] = value.replace(/^(['"])(.*)\1$/, "$2");
    if (line.includes("Admin endpoint")) return environment;
  }
  throw new Error("The emulator ended before it was ready.");
}

it("explains its command", async () => {
  const { stdout } = await runNode(emulator, [binary, "--help"]);
  expect(stdout).toMatch(/^Usage: mtls-pop-emulator/);
});

it("knows its version", async () => {
  const { stdout } = await runNode(emulator, [binary, "--version"]);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it("runs as a command, serves a bound call of core's in another project, and leaves nothing behind at Ctrl-C", async () => {
  const running = spawn(binary, ["--secret", "my-secret=read over there"], { cwd: emulator, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(running, "exit");
  try {
    const environment = await printedEnvironment(running);
    const key = environment["AZURE_CLIENT_CERTIFICATE_PATH"] ?? "";
    expect(existsSync(key)).toBe(true);
    await addConsumer(app, "bound-call.mjs");
    const { stdout } = await runNode(app, ["bound-call.mjs"], environment);
    const thumbprint = expect.stringMatching(/^[0-9A-F]{40}$/);
    expect(JSON.parse(stdout)).toEqual({ tokenType: "mtls_pop", thumbprint, status: 200, value: "read over there" });
    running.kill("SIGINT");
    await expect(ended).resolves.toEqual([0, null]);
    expect(existsSync(key)).toBe(false);
  } finally {
    running.kill("SIGKILL");
  }
});
