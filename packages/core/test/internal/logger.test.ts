import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { tell } from "../../src/internal/logger.js";

describe("tell", () => {
  it("passes a message on to the level that there is, with the logger as `this`", () => {
    const logger = {
      heard: [] as string[],
      warn(message: string) {
        this.heard.push(message);
      },
    };
    tell(logger, "warn", "one");
    tell(logger, "debug", "two");
    tell(undefined, "warn", "three");
    expect(logger.heard).toEqual(["one"]);
  });

  it("goes on when the logger fails", () => {
    const broken = () => {
      throw new Error("disk full");
    };
    expect(() => tell({ warn: broken }, "warn", "one")).not.toThrow();
  });

  it("does not let a logger that fails later end the process", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    tell({ warn: () => Promise.reject(new Error("disk full")) }, "warn", "one");
    await setImmediate();
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});
