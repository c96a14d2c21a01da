import { inspect } from "node:util";
import { createPopFetch, isMtlsPopError, type Logger, ResourceCaller, TokenCache } from "@mtls-pop/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedUp, surroundings } from "../direct-flow.js";

const scopes = ["https://vault.azure.net/.default"];
const cache = new TokenCache();
const logged: string[] = [];
const log = (message: string): void => void logged.push(message);
const logger = { debug: log, info: log, warn: log, error: log } satisfies Logger;
let around: Awaited<ReturnType<typeof surroundings>>;
let app: Awaited<ReturnType<typeof signedUp>>;
let secrets: string[];

beforeAll(async () => {
  around = await surroundings();
  app = await signedUp(around, { cache, logger });
  const { accessToken } = await app.application.acquireBoundToken({ scopes });
  const key = app.privateKeyPem.split("\n")[1] ?? "";
  secrets = [accessToken, accessToken.split(".")[2] ?? "", key];
});
afterAll(() => around.emulator.close());

/** Everything that a careless `console.log` or a crash report could make of a value. */
function prints(value: unknown): string {
  return [inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: false }), JSON.stringify(value), String(value)].join(
    "\n",
  );
}

function expectNoSecret(text: string): void {
  expect(secrets.every((secret) => secret.length > 40)).toBe(true);
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
}

describe("what is printed", () => {
  it("holds no token and no key: results, certificates, caches, applications, clients", async () => {
    const result = await app.application.acquireBoundToken({ scopes });
    const caller = new ResourceCaller(result, { transport: around.transport });
    const popFetch = createPopFetch({ tokens: app.application, transport: around.transport });
    for (const value of [result, app.certificate, cache, app.application, caller, popFetch]) expectNoSecret(prints(value));
    await Promise.all([caller.close(), popFetch.close()]);
  });

  it("holds no token and no key when a call fails", async () => {
    const { transport, resources } = around;
    around.emulator.keyVault.restrictTo([]);
    const caller = new ResourceCaller(await app.application.acquireBoundToken({ scopes }), { transport, resources, logger });
    const error: unknown = await caller.callResource(around.secretUrl).catch((thrown: unknown) => thrown);
    expect(isMtlsPopError(error) && error.statusCode).toBe(403);
    expectNoSecret(prints(error));
    await caller.close();
  });

  it("holds no token and no key when a token is refused, and in no line of the log", async () => {
    around.emulator.faults.add({ on: "token", kind: "wrong-confirmation" });
    const error: unknown = await app.application
      .acquireTokenByClientCredential({ scopes, mtlsProofOfPossession: true, skipCache: true })
      .catch((thrown: unknown) => thrown);
    expect(isMtlsPopError(error) && error.code).toBe("confirmation_mismatch");
    expectNoSecret(prints(error));
    expect(logged.length).toBeGreaterThan(0);
    expectNoSecret(logged.join("\n"));
  });
});

describe("a token cache that comes into other hands", () => {
  it("shows neither tokens nor keys when it is printed, and loses them when it is copied", () => {
    expect(cache.size).toBe(1);
    expectNoSecret(prints(structuredClone(cache)));
  });

  it("serves no token to an application with another certificate", async () => {
    const other = await signedUp(around, { cache, clientId: app.clientId });
    await expect(other.application.acquireBoundToken({ scopes })).rejects.toMatchObject({ aadErrorCodes: [700027] });
  });
});
