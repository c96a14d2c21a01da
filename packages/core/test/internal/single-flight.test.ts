import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { SingleFlight } from "../../src/internal/single-flight.js";

/** An attempt that the test ends, and the signal that it was given. */
function attempt() {
  const { promise, resolve, reject } = deferred<string>();
  const seen: { signal?: AbortSignal; starts: number } = { starts: 0 };
  const start = (signal: AbortSignal) => {
    seen.starts++;
    seen.signal = signal;
    signal.addEventListener("abort", () => reject(signal.reason));
    return promise;
  };
  return { start, resolve, reject, seen };
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe("SingleFlight", () => {
  it("lets callers with the same key share one attempt", async () => {
    const flights = new SingleFlight<string>();
    const { start, resolve, seen } = attempt();
    const waits = [flights.join("a", start), flights.join("a", start), flights.join("a", start, new AbortController().signal)];
    resolve("token");
    expect(await Promise.all(waits)).toEqual(["token", "token", "token"]);
    expect(seen.starts).toBe(1);
  });

  it("keeps other keys apart", async () => {
    const flights = new SingleFlight<string>();
    const [first, second] = [attempt(), attempt()];
    const waits = [flights.join("a", first.start), flights.join("b", second.start)];
    first.resolve("one");
    second.resolve("two");
    expect(await Promise.all(waits)).toEqual(["one", "two"]);
  });

  it("ends only the wait of the caller who aborts", async () => {
    const flights = new SingleFlight<string>();
    const { start, resolve, seen } = attempt();
    const leaver = new AbortController();
    const left = flights.join("a", start, leaver.signal);
    const stays = flights.join("a", start, new AbortController().signal);
    leaver.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    expect(seen.signal?.aborted).toBe(false);
    resolve("token");
    expect(await stays).toBe("token");
  });

  it("ends the attempt when the last caller has left, and starts anew for the next", async () => {
    const flights = new SingleFlight<string>();
    const { start, seen } = attempt();
    const [one, two] = [new AbortController(), new AbortController()];
    const waits = [flights.join("a", start, one.signal), flights.join("a", start, two.signal)];
    await setImmediate();
    one.abort(new Error("first"));
    two.abort(new Error("second"));
    await expect(waits[0]).rejects.toThrow("first");
    await expect(waits[1]).rejects.toThrow("second");
    expect(seen.signal?.aborted).toBe(true);
    const again = attempt();
    again.resolve("fresh");
    expect(await flights.join("a", again.start)).toBe("fresh");
  });

  it("never ends an attempt that someone without a signal waits for", async () => {
    const flights = new SingleFlight<string>();
    const { start, resolve, seen } = attempt();
    const controller = new AbortController();
    const left = flights.join("a", start, controller.signal);
    const stays = flights.join("a", start);
    controller.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    expect(seen.signal?.aborted).toBe(false);
    resolve("token");
    expect(await stays).toBe("token");
  });

  it("tells a failure to everyone who waits and does not remember it", async () => {
    const flights = new SingleFlight<string>();
    const { start, reject } = attempt();
    const waits = [flights.join("a", start), flights.join("a", start)];
    reject(new Error("refused"));
    await expect(waits[0]).rejects.toThrow("refused");
    await expect(waits[1]).rejects.toThrow("refused");
    const again = attempt();
    again.resolve("token");
    expect(await flights.join("a", again.start)).toBe("token");
  });

  it("is not disturbed by an attempt that everybody has left and that ends late", async () => {
    const flights = new SingleFlight<string>();
    const late = deferred<string>();
    const leaver = new AbortController();
    const left = flights.join("a", () => late.promise, leaver.signal);
    await setImmediate();
    leaver.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    const next = attempt();
    const waits = [flights.join("a", next.start)];
    late.resolve("late");
    await setImmediate();
    waits.push(flights.join("a", next.start));
    next.resolve("token");
    expect(await Promise.all(waits)).toEqual(["token", "token"]);
    expect(next.seen.starts).toBe(1);
  });

  it("does not start for callers who leave in the same turn", async () => {
    const { start, seen } = attempt();
    const leaver = new AbortController();
    const left = new SingleFlight<string>().join("a", start, leaver.signal);
    leaver.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    await setImmediate();
    expect(seen.starts).toBe(0);
  });

  it("tells a start that throws as a failure", async () => {
    const start = () => {
      throw new Error("broken");
    };
    await expect(new SingleFlight<string>().join("a", start)).rejects.toThrow("broken");
  });

  it("does not start without end when an attempt joins itself: it waits, until its callers leave", async () => {
    const flights = new SingleFlight<string>();
    let starts = 0;
    const start = (signal: AbortSignal): Promise<string> => {
      starts++;
      return flights.join("a", start, signal);
    };
    const leaver = new AbortController();
    const waits = flights.join("a", start, leaver.signal);
    await setImmediate();
    leaver.abort(new Error("enough"));
    await expect(waits).rejects.toThrow("enough");
    expect(starts).toBe(1);
  });

  it("does not start for a caller who has left already", async () => {
    const { start, seen } = attempt();
    await expect(new SingleFlight<string>().join("a", start, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    expect(seen.starts).toBe(0);
  });
});
