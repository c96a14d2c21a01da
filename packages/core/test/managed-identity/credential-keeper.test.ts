import { describe, expect, it } from "vitest";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import type { Logger } from "../../src/internal/logger.js";
import { CredentialKeeper, type Mint } from "../../src/managed-identity/credential-keeper.js";
import type { IssuedCredential } from "../../src/managed-identity/issued-credential.js";
import { issue } from "../certificate/authority.js";
import { TestClock } from "../emulated.js";
import { gate } from "./machine.js";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

const START = new Date("2026-11-25T00:00:00Z");

async function credential(lifeMs = 7 * DAY_MS, notBefore = START): Promise<IssuedCredential> {
  const { certificatePem, privateKeyPem } = await issue({ notBefore, notAfter: new Date(START.getTime() + lifeMs) });
  const certificate = await BindingCertificate.fromPem(certificatePem, { key: privateKeyPem, now: () => START.getTime() });
  return { certificate, clientId: "client", tenantId: "tenant", tokenEndpoint: new URL("https://mtlsauth.microsoft.com/tenant") };
}

/** A keeper whose mint gives these, one after the other; an error stands for a failure. */
function keeperOf(...minted: readonly (IssuedCredential | Error)[]) {
  const clock = new TestClock();
  clock.nowMs = START.getTime();
  const warnings: string[] = [];
  const logger: Logger = { warn: (message) => void warnings.push(message) };
  let mints = 0;
  const mint: Mint = async () => {
    const next = minted[mints++];
    if (!next || next instanceof Error) throw next ?? new Error("Nothing is left to mint.");
    return next;
  };
  return { keeper: new CredentialKeeper({ mint, clock, logger }), clock, warnings, mints: () => mints };
}

/** What is done behind a call has been done after this. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("the certificate of an identity", () => {
  it("is minted once and kept", async () => {
    const only = await credential();
    const { keeper, mints } = keeperOf(only);
    expect(keeper.kept()).toBeUndefined();
    expect(await keeper.get()).toBe(only);
    expect(await keeper.get()).toBe(only);
    expect(keeper.kept()).toBe(only);
    expect(mints()).toBe(1);
  });

  it("MI-05 is renewed at half of its life behind the call that comes then, and nobody waits", async () => {
    const [first, second] = [await credential(), await credential(14 * DAY_MS)];
    const renewed = gate();
    const clock = new TestClock();
    clock.nowMs = START.getTime();
    let mints = 0;
    const mint = async () => {
      if (++mints === 1) return first;
      await renewed.opened;
      return second;
    };
    const keeper = new CredentialKeeper({ mint, clock });
    await keeper.get();
    clock.advance(3.5 * DAY_MS - 1);
    await keeper.get();
    expect(mints).toBe(1);
    clock.advance(1);
    // while the renewal cannot end
    expect(await Promise.all([keeper.get(), keeper.get()])).toEqual([first, first]);
    expect(mints).toBe(2);
    renewed.open();
    await settled();
    expect(await keeper.get()).toBe(second);
    expect(mints).toBe(2);
  });

  it.each([
    ["24 hours, for one of a week", 7 * DAY_MS, 24 * HOUR_MS],
    ["a quarter of its life, for one of a day", DAY_MS, 6 * HOUR_MS],
  ])("is kept while more is left than %s", async (_, lifeMs, reserveMs) => {
    const [first, second] = [await credential(lifeMs), await credential(2 * lifeMs)];
    const { keeper, clock } = keeperOf(first, new Error("not now"), second);
    await keeper.get();
    clock.nowMs = START.getTime() + lifeMs - reserveMs - 1;
    expect(await keeper.get()).toBe(first);
    await settled();
    clock.advance(1);
    expect(keeper.kept()).toBeUndefined();
    expect(await keeper.get()).toBe(second);
  });

  it("lives from when it was minted, whenever its issuer dates it from", async () => {
    const backdated = await credential(8 * HOUR_MS, new Date(START.getTime() - 7 * DAY_MS));
    const { keeper, clock, mints } = keeperOf(backdated);
    await keeper.get();
    clock.advance(4 * HOUR_MS - 1);
    expect(await keeper.get()).toBe(backdated);
    expect(mints()).toBe(1);
  });

  it("serves on when its renewal fails, is tried again a minute later, and says so", async () => {
    const [first, second] = [await credential(), await credential(14 * DAY_MS)];
    const { keeper, clock, warnings, mints } = keeperOf(first, new Error("IMDS is away"), second);
    await keeper.get();
    clock.advance(4 * DAY_MS);
    expect(await keeper.get()).toBe(first);
    await settled();
    expect(warnings).toEqual([expect.stringContaining("IMDS is away")]);
    clock.advance(60_000 - 1);
    await keeper.get();
    expect(mints()).toBe(2);
    clock.advance(1);
    expect(await keeper.get()).toBe(first);
    await settled();
    expect(await keeper.get()).toBe(second);
  });

  it("is not remembered as failed", async () => {
    const only = await credential();
    const { keeper } = keeperOf(new Error("IMDS is away"), only);
    await expect(keeper.get()).rejects.toThrow("IMDS is away");
    expect(await keeper.get()).toBe(only);
  });
});

describe("a refused certificate", () => {
  it("is replaced once for all who were refused with it", async () => {
    const [first, second] = [await credential(), await credential()];
    const { keeper, mints } = keeperOf(first, second);
    await keeper.get();
    expect(await Promise.all([keeper.replace(first), keeper.replace(first)])).toEqual([second, second]);
    expect(await keeper.replace(first)).toBe(second);
    expect(await keeper.get()).toBe(second);
    expect(mints()).toBe(2);
  });

  it("that had just come in place of another is not replaced again for five minutes", async () => {
    const [first, second, third] = [await credential(), await credential(), await credential()];
    const { keeper, clock, mints } = keeperOf(first, second, third);
    await keeper.get();
    await keeper.replace(first);
    clock.advance(5 * 60_000 - 1);
    expect(await keeper.replace(second)).toBeUndefined();
    expect(await keeper.get()).toBe(second);
    clock.advance(1);
    expect(await keeper.replace(second)).toBe(third);
    expect(mints()).toBe(3);
  });

  it("is replaced again when the clock was set back to long before it came", async () => {
    const [first, second, third] = [await credential(), await credential(), await credential()];
    const { keeper, clock } = keeperOf(first, second, third);
    clock.advance(HOUR_MS);
    await keeper.get();
    await keeper.replace(first);
    clock.advance(-HOUR_MS);
    expect(await keeper.replace(second)).toBe(third);
  });

  it("stays when there is no other", async () => {
    const first = await credential();
    const { keeper } = keeperOf(first, new Error("IMDS is away"));
    await keeper.get();
    await expect(keeper.replace(first)).rejects.toThrow("IMDS is away");
    expect(await keeper.get()).toBe(first);
  });
});
