import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startMachine } from "./machine.js";

const failure = new Error("no entropy");
const openssl = vi.hoisted(() => ({ fails: false }));

vi.mock("node:crypto", async (importOriginal) => {
  const real = await importOriginal<typeof import("node:crypto")>();
  const make: typeof real.generateKeyPair.__promisify__ = promisify(real.generateKeyPair);
  const generateKeyPair = Object.assign(() => {}, {
    [promisify.custom]: (...input: Parameters<typeof make>) => (openssl.fails ? Promise.reject(failure) : make(...input)),
  });
  return { ...real, generateKeyPair };
});

let machine: Awaited<ReturnType<typeof startMachine>>;
beforeAll(async () => {
  machine = await startMachine();
});
afterAll(() => machine.close());

describe("a key in memory", () => {
  it("that OpenSSL cannot make is told to those who wait, and asked for again by the next", async () => {
    const { imdsV2 } = machine.imdsV2({ bindingKey: undefined });
    openssl.fails = true;
    const outcomes = await Promise.allSettled([imdsV2.credential(), imdsV2.credential()]);
    expect(outcomes).toEqual(Array(2).fill({ status: "rejected", reason: failure }));
    openssl.fails = false;
    expect((await imdsV2.credential()).certificate.subject).toContain("CN=");
  });
});
