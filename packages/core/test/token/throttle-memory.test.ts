import { describe, expect, it } from "vitest";
import { MtlsPopError } from "../../src/errors.js";
import { ThrottleMemory } from "../../src/token/throttle-memory.js";

const refusal = (options: { statusCode?: number; retryAfterSeconds?: number }) =>
  new MtlsPopError("temporarily_unavailable", "Busy.", { correlationId: "id", ...options });

describe("ThrottleMemory", () => {
  it("answers in the endpoint's place until the time it named, and says how long that is", () => {
    const memory = new ThrottleMemory();
    const original = refusal({ statusCode: 503, retryAfterSeconds: 10 });
    memory.remember("key", original, 0);
    expect(() => memory.assertNotThrottled("key", 4000)).toThrow(
      expect.objectContaining({ code: "throttled", retryAfterSeconds: 6, statusCode: 503, cause: original, retryable: true }),
    );
    expect(() => memory.assertNotThrottled("key", 10_000)).not.toThrow();
  });

  it("counts a wish of over an hour as an hour", () => {
    const memory = new ThrottleMemory();
    memory.remember("key", refusal({ statusCode: 503, retryAfterSeconds: 90_000 }), 0);
    expect(() => memory.assertNotThrottled("key", 3_599_999)).toThrow(expect.objectContaining({ code: "throttled" }));
    expect(() => memory.assertNotThrottled("key", 3_600_000)).not.toThrow();
  });

  it("waits a minute after a 429 that names no time", () => {
    const memory = new ThrottleMemory();
    memory.remember("key", refusal({ statusCode: 429 }), 0);
    expect(() => memory.assertNotThrottled("key", 59_999)).toThrow(expect.objectContaining({ code: "throttled", retryAfterSeconds: 1 }));
    expect(() => memory.assertNotThrottled("key", 60_000)).not.toThrow();
  });

  it("does not make an hour of a year when the clock is set back", () => {
    const memory = new ThrottleMemory();
    const year = 365 * 24 * 3_600_000;
    memory.remember("key", refusal({ statusCode: 429 }), year);
    expect(() => memory.assertNotThrottled("key", 0)).not.toThrow();
  });

  it("keeps a thousand, and forgets the oldest first", () => {
    const memory = new ThrottleMemory();
    memory.remember("again", refusal({ statusCode: 429 }), 0);
    memory.remember("oldest", refusal({ statusCode: 429 }), 0);
    memory.remember("again", refusal({ statusCode: 429 }), 0);
    for (let index = 0; index < 999; index++) memory.remember(`key ${index}`, refusal({ statusCode: 429 }), 0);
    expect(() => memory.assertNotThrottled("oldest", 0)).not.toThrow();
    for (const key of ["again", "key 0", "key 998"]) {
      expect(() => memory.assertNotThrottled(key, 0)).toThrow(expect.objectContaining({ code: "throttled" }));
    }
  });

  it("remembers nothing of other failures, and nothing for other requests", () => {
    const memory = new ThrottleMemory();
    memory.remember("key", refusal({ statusCode: 503 }), 0);
    memory.remember("other", refusal({ statusCode: 429 }), 0);
    expect(() => memory.assertNotThrottled("key", 0)).not.toThrow();
  });
});
