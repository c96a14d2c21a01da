import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Deadlines } from "../../src/transport/deadlines.js";
import { timersOf } from "../timers.js";

/** Something to wait for that says when it was told. */
function overdue() {
  let tell = () => {};
  const told = new Promise<number>((resolve) => {
    tell = () => resolve(performance.now());
  });
  return { tell: () => tell(), told };
}

describe("Deadlines", () => {
  it("tell each waiter when its time is over, and none before", async () => {
    const deadlines = new Deadlines(60);
    const [one, other] = [overdue(), overdue()];
    const beganAt = performance.now();
    deadlines.add().begin(one.tell);
    await delay(20);
    const otherBeganAt = performance.now();
    deadlines.add().begin(other.tell);
    expect((await one.told) - beganAt).toBeGreaterThanOrEqual(60);
    expect((await other.told) - otherBeganAt).toBeGreaterThanOrEqual(60);
  });

  it("tell nobody who has ended or was removed, and nobody after clear()", async () => {
    const deadlines = new Deadlines(20);
    const told: string[] = [];
    const cleared = new Deadlines(20);
    cleared.add().begin(() => told.push("cleared"));
    cleared.clear();
    const [ended, removed] = [deadlines.add(), deadlines.add()];
    ended.begin(() => told.push("ended"));
    ended.end();
    removed.begin(() => told.push("removed"));
    deadlines.remove(removed);
    const last = overdue();
    deadlines.add().begin(last.tell);
    await last.told;
    expect(told).toEqual([]);
  });

  it("take whoever begins while others are told", async () => {
    const deadlines = new Deadlines(20);
    const again = overdue();
    const deadline = deadlines.add();
    deadline.begin(() => deadline.begin(again.tell));
    await again.told;
  });

  it("start one timer for all that come within the time-out", async () => {
    const deadlines = new Deadlines(10_000);
    const { started } = await timersOf(async () => {
      const deadline = deadlines.add();
      for (let i = 0; i < 100; i++) {
        deadline.begin(() => {});
        deadline.end();
      }
    });
    deadlines.clear();
    expect(started).toBe(1);
  });
});
