import { getEventListeners } from "node:events";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { abortable, type WaitLimit } from "../../src/internal/abortable.js";
import { timersOf } from "../timers.js";

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeEach(() => process.on("unhandledRejection", note));
afterEach(async () => {
  await setImmediate();
  process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

describe("abortable", () => {
  it("is the work itself where there is no signal", () => {
    const work = Promise.resolve("done");
    expect(abortable(work, undefined)).toBe(work);
  });

  it("ends as the work does, and leaves no listener behind", async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve("done"), signal)).toBe("done");
    await expect(abortable(Promise.reject(new Error("broken")), signal)).rejects.toThrow("broken");
    await setImmediate();
    expect(listeners(signal)).toBe(0);
  });

  it("ends with the signal's reason while the work goes on, whose failure then bothers nobody", async () => {
    const controller = new AbortController();
    let fail: (reason: unknown) => void = () => {};
    const wait = abortable(new Promise<never>((_, reject) => (fail = reject)), controller.signal);
    controller.abort(new Error("enough"));
    await expect(wait).rejects.toThrow("enough");
    expect(listeners(controller.signal)).toBe(0);
    fail(new Error("too late"));
  });

  it("ends at once for a signal that was aborted before, whatever becomes of the work", async () => {
    const signal = AbortSignal.abort(new Error("gone"));
    await expect(abortable(Promise.reject(new Error("broken")), signal)).rejects.toThrow("gone");
    await expect(abortable(new Promise(() => {}), signal)).rejects.toThrow("gone");
    expect(listeners(signal)).toBe(0);
  });
});

const limit: WaitLimit = { timeoutMs: 5, error: () => new Error("too late") };
const never = new Promise<never>(() => {});

describe("abortable with a limit", () => {
  it("ends with the limit's error when the work does not, and leaves no listener behind", async () => {
    const { signal } = new AbortController();
    await expect(abortable(never, undefined, limit)).rejects.toThrow("too late");
    await expect(abortable(never, signal, limit)).rejects.toThrow("too late");
    expect(listeners(signal)).toBe(0);
  });

  it("is not bothered by what becomes of the work afterwards", async () => {
    let fail: (reason: unknown) => void = () => {};
    await expect(abortable(new Promise<never>((_, reject) => (fail = reject)), undefined, limit)).rejects.toThrow("too late");
    fail(new Error("broken"));
  });

  it("stops its timer when the work ends or the signal does", async () => {
    const patient = { ...limit, timeoutMs: 60_000 };
    const controller = new AbortController();
    const timers = await timersOf(async () => {
      expect(await abortable(setImmediate("done"), undefined, patient)).toBe("done");
      const wait = abortable(never, controller.signal, patient);
      controller.abort(new Error("enough"));
      await expect(wait).rejects.toThrow("enough");
      await expect(abortable(never, controller.signal, patient)).rejects.toThrow("enough");
    });
    expect(timers).toEqual({ started: 3, left: 0 });
  });
});
