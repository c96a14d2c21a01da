import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emulated, VAULT_SCOPE } from "../emulated.js";
import { timersOf } from "../timers.js";

const bound = { scopes: [VAULT_SCOPE], mtlsProofOfPossession: true } as const;
let entra: Awaited<ReturnType<typeof emulated>>;
beforeAll(async () => {
  entra = await emulated();
});
afterAll(() => entra.close());

describe("a certificate function", () => {
  it.each([
    ["at once", () => entra.certificate],
    ["by a promise", async () => entra.certificate],
  ])("that gives the certificate from memory, %s, costs a cached token no timer", async (_how, certificate) => {
    const application = entra.application({ certificate });
    await application.acquireTokenByClientCredential(bound);
    const { signal } = new AbortController();
    const timers = await timersOf(async () => {
      for (let call = 0; call < 5; call++) {
        const { metadata } = await application.acquireTokenByClientCredential({ ...bound, signal });
        expect(metadata.tokenSource).toBe("Cache");
      }
    });
    expect(timers).toEqual({ started: 0, left: 0 });
  });

  it.each([
    ["from memory", async () => "none" as never],
    ["after a while", () => new Promise<never>((resolve) => setImmediate(() => resolve("none" as never)))],
  ])("that gives none, %s, is told", async (_when, certificate) => {
    await expect(entra.application({ certificate }).acquireTokenByClientCredential(bound)).rejects.toMatchObject({
      code: "mtls_certificate_not_provided",
      message: expect.stringContaining("`certificate`"),
    });
  });

  it.each([
    ["at once", () => Promise.reject(new Error("vault is down"))],
    ["after a while", () => new Promise<never>((_, reject) => setImmediate(reject, new Error("vault is down")))],
  ])("that fails %s is passed on", async (_when, certificate) => {
    await expect(entra.application({ certificate }).acquireTokenByClientCredential(bound)).rejects.toThrow("vault is down");
  });
});
