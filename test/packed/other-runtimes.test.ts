import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Emulator, type LocalApp, prepareLocalApp, startEmulator } from "@mtls-pop/emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, vi } from "vitest";
import type { handler } from "../../samples/other-runtimes/src/lambda.js";
import { addConsumer, runNode } from "./project.js";

const SAMPLE = fileURLToPath(new URL("../../samples/other-runtimes", import.meta.url));
const SECRET = "s3cret-value-of-the-vault";
/** Nobody knows this application. */
const STRANGER = "8e4f5a1c-2f0b-4b8e-9a39-3f5f6f6c0d11";

type LambdaEvent = Parameters<typeof handler>[0];

const { otherRuntimes } = inject("projects");
let emulator: Emulator;
let local: LocalApp;

beforeAll(async () => {
  await cp(join(SAMPLE, "src"), join(otherRuntimes, "src"), { recursive: true });
  await cp(join(SAMPLE, "tsconfig.json"), join(otherRuntimes, "tsconfig.json"));
  const manifest = join(otherRuntimes, "package.json");
  await writeFile(manifest, JSON.stringify({ ...JSON.parse(await readFile(manifest, "utf8")), type: "module" }));
  await addConsumer(otherRuntimes, "invoke-lambda.mjs");
  const { stdout } = await runNode(otherRuntimes, [join(otherRuntimes, "node_modules/typescript/bin/tsc"), "--project", "."]);
  expect(stdout).toBe("");
  emulator = await startEmulator();
  local = await prepareLocalApp(emulator, { secrets: { "my-secret": SECRET } });
});
afterAll(async () => {
  await local?.dispose();
  await emulator?.close();
});
beforeEach(() => emulator.forgetRequests());

describe("a Lambda function over core alone", () => {
  it("reads secrets of the vault, with one token for all of its invocations", async () => {
    const { answers } = await invoke([lambdaEvent("my-secret"), lambdaEvent("my-secret"), lambdaEvent("not-there")]);
    const [first, second, missing] = answers;
    expect(first).toMatchObject({ statusCode: 200, headers: { "content-type": "application/json", "cache-control": "no-store" } });
    expect(JSON.parse(first?.body ?? "")).toMatchObject({ value: SECRET });
    expect(second).toEqual(first);
    expect(missing).toMatchObject({ statusCode: 404 });
    expect(requestsTo("token")).toHaveLength(1);
    expect(requestsTo("key-vault").map(({ headers }) => headers["authorization"])).toEqual(
      Array(3).fill(expect.stringMatching(/^mtls_pop ey/)),
    );
  });

  it("takes nothing but a name to the vault", async () => {
    const names = ["../keys", "x?maxresults=1", "%2e%2e", ""];
    const { answers } = await invoke([...names.map((name) => lambdaEvent(name)), lambdaEvent()]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(5).fill(400));
    expect(emulator.requests).toEqual([]);
  });

  it("answers 500 when its settings are wrong, and says in its log alone what is", async () => {
    const { answers, stderr } = await invoke([lambdaEvent("my-secret")], { AZURE_CLIENT_ID: STRANGER });
    expect(answers).toMatchObject([{ statusCode: 500 }]);
    expect(JSON.parse(answers[0]?.body ?? "")).toEqual({ error: { code: "unauthorized_client", correlationId: expect.any(String) } });
    expect(stderr).toContain(STRANGER);
  });

  it("answers 503 when the vault cannot be reached, or has too much to do", async () => {
    const nowhere = new URL(local.environment.KEY_VAULT_URL);
    nowhere.port = "1";
    const unreachable = await invoke([lambdaEvent("my-secret")], { KEY_VAULT_URL: nowhere.origin });
    expect(unreachable.answers).toMatchObject([{ statusCode: 503, body: expect.stringContaining('"network_error"') }]);
    emulator.faults.add({ on: "key-vault", kind: "throttle", retryAfterSeconds: 30 });
    const throttled = await invoke([lambdaEvent("my-secret")]);
    expect(throttled.answers).toMatchObject([{ statusCode: 503, body: expect.stringContaining('"vault_unavailable"') }]);
  });
});

describe("a container's server over core alone", () => {
  it("reads secrets of the vault over HTTP", async () => {
    await using container = await startContainer();
    const response = await fetch(`${container.url}/secrets/my-secret`);
    expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(await response.json()).toMatchObject({ value: SECRET });
    expect((await fetch(`${container.url}/secrets/not-there`)).status).toBe(404);
    expect((await fetch(`${container.url}/secrets/%2e%2e%2fkeys`)).status).toBe(400);
    expect((await fetch(`${container.url}/secrets/my-secret`, { method: "POST" })).status).toBe(404);
    expect(requestsTo("token")).toHaveLength(1);
  });

  it("answers 500 when its settings are wrong, without what is", async () => {
    await using container = await startContainer({ AZURE_CLIENT_ID: STRANGER });
    const response = await fetch(`${container.url}/secrets/my-secret`);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ error: { code: "unauthorized_client", correlationId: expect.any(String) } });
  });

  it("at SIGTERM answers what is under way, takes nothing new, and ends with 0", async () => {
    await using container = await startContainer();
    // a connection that is kept does not keep the process
    await (await fetch(`${container.url}/secrets/my-secret`)).text();
    emulator.forgetRequests();
    emulator.faults.add({ on: "key-vault", kind: "latency", delayMs: 1_000 });
    const underWay = once(get(`${container.url}/secrets/my-secret`), "response");
    await vi.waitFor(() => expect(requestsTo("key-vault")).toHaveLength(1), { timeout: 10_000, interval: 5 });
    container.process.kill("SIGTERM");
    await vi.waitFor(() => expect(refusedBy(container.url)).resolves.toBe("ECONNREFUSED"), { timeout: 10_000, interval: 5 });
    const [response]: [IncomingMessage] = (await underWay) as [IncomingMessage];
    expect([response.statusCode, (await response.setEncoding("utf8").toArray()).join("")]).toEqual([200, expect.stringContaining(SECRET)]);
    await expect(container.ended).resolves.toEqual([0, null]);
  });
});

/** The event of an HTTP API in front of the function, payload format 2.0. */
function lambdaEvent(name?: string): LambdaEvent {
  const [routeKey, path] = ["GET /secrets/{name}", `/secrets/${name ?? ""}`];
  return {
    version: "2.0",
    routeKey,
    rawPath: path,
    rawQueryString: "",
    headers: { accept: "*/*", "content-length": "0", host: "api-id.execute-api.us-east-1.amazonaws.com", "x-forwarded-proto": "https" },
    requestContext: {
      accountId: "123456789012",
      apiId: "api-id",
      domainName: "api-id.execute-api.us-east-1.amazonaws.com",
      domainPrefix: "api-id",
      http: { method: "GET", path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "agent" },
      requestId: "JKJaXmPLvHcESHA=",
      routeKey,
      stage: "$default",
      time: "10/Mar/2026:12:00:00 +0000",
      timeEpoch: 1773144000000,
    },
    ...(name !== undefined && { pathParameters: { name } }),
    isBase64Encoded: false,
  };
}

/** Invokes the function in a process of its own. */
async function invoke(events: readonly LambdaEvent[], environment: Readonly<Record<string, string>> = {}) {
  const settings = { ...local.environment, ...environment };
  const { stdout, stderr } = await runNode(otherRuntimes, ["invoke-lambda.mjs", JSON.stringify(events)], settings);
  const answers: { statusCode: number; headers: Record<string, string>; body: string }[] = JSON.parse(stdout);
  expect(stdout + stderr).not.toMatch(/ey[\w-]+\.ey|PRIVATE KEY/);
  return { answers, stderr };
}

interface Container extends AsyncDisposable {
  readonly url: string;
  readonly process: ChildProcess;
  readonly ended: Promise<unknown[]>;
}

/** Starts the server in a process of its own, on a free port. */
async function startContainer(environment: Readonly<Record<string, string>> = {}): Promise<Container> {
  const env = { ...process.env, ...local.environment, ...environment, PORT: "0" };
  const running = spawn(process.execPath, ["dist/container.js"], { cwd: otherRuntimes, env, stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(running, "exit");
  const close = async () => {
    running.kill("SIGKILL");
    await ended;
  };
  for await (const line of createInterface({ input: running.stdout })) {
    const port = /^Listening on port (\d+)\.$/.exec(line)?.[1];
    if (port !== undefined) return { url: `http://127.0.0.1:${port}`, process: running, ended, [Symbol.asyncDispose]: close };
  }
  await close();
  throw new Error("The server ended before it listened.");
}

/** Why a new connection is not taken. */
function refusedBy(url: string): Promise<unknown> {
  return new Promise((resolve) => {
    get(url, { agent: false }, (response) => resolve(response.statusCode)).on("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code),
    );
  });
}

function requestsTo(server: Emulator["requests"][number]["server"]) {
  return emulator.requests.filter((request) => request.server === server);
}
