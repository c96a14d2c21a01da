import { getEventListeners } from "node:events";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { abortable } from "../../src/internal/abortable.js";

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
