import { execFile } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { CertificateAuthority } from "../../packages/emulator/src/pki/certificate-authority.js";
import type { DemoApp, Flow } from "../../scripts/demo/flow.js";
import { Narrator } from "../../scripts/demo/narrator.js";
import { type DemoOptions, runDemo } from "../../scripts/demo/run-demo.js";
import { SECRET } from "../../scripts/demo/stage.js";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** The sample, bundled from the workspace's sources into a new folder. */
export async function buildSample(): Promise<string> {
  const appRoot = await mkdtemp(join(tmpdir(), "demo-test-"));
  const sample = "../../samples/keyvault-reader";
  await promisify(execFile)(process.execPath, [path(`${sample}/build.mjs`), appRoot, path("../../tsconfig.test.json")]);
  await copyFile(path(`${sample}/app/package.json`), join(appRoot, "package.json"));
  return appRoot;
}

/** Plays a flow and keeps what is told. */
export async function playFlow<App extends DemoApp>(
  flow: Flow<App>,
  options: DemoOptions<App>,
): Promise<{ exitCode: number; text: string }> {
  const written: string[] = [];
  const exitCode = await runDemo(new Narrator({ write: (text) => written.push(text) }), flow, options);
  return { exitCode, text: written.join("") };
}

/** A vault that hands its secret to whoever comes, until the test ends. */
export async function carelessVault(): Promise<{ url: string; ca: string }> {
  const host = "contoso.vault.emulator.localhost";
  const authority = await CertificateAuthority.create();
  const server = createServer(await authority.serverCredentials(host), (_request, response) => {
    response.end(JSON.stringify({ value: SECRET.value }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return { url: `https://${host}:${address.port}`, ca: authority.rootPem };
}
