import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Narrator, type StepResult } from "../../scripts/demo/narrator.js";

/** A narrator and everything that it has written. */
function narrate(terminal: { isTTY: boolean; columns?: number }, env: Record<string, string> = {}) {
  const written: string[] = [];
  const narrator = new Narrator({ ...terminal, write: (text) => written.push(text) }, env);
  return { narrator, text: () => written.join("") };
}

const ESC = "\u001b[";
/** A step that takes this long. */
const taking = (durationMs: number) => (): Promise<StepResult<undefined>> =>
  new Promise((resolve) => setTimeout(resolve, durationMs, { line: "answered", value: undefined }));
const done = async () => ({ line: "token acquired", facts: { type: "mtls_pop", bound: "yes" }, value: 7 });

describe("Narrator", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("tells a step in plain text where there is no terminal, its facts in a column", async () => {
    const { narrator, text } = narrate({ isTTY: false });
    narrator.heading("The app starts");
    await expect(narrator.step("acquiring", done)).resolves.toBe(7);
    narrator.verdict(true, "All true.");
    expect(text()).toBe("\nThe app starts\n✓ token acquired (0 ms)\n    type   mtls_pop\n    bound  yes\n\nAll true.\n");
  });

  it("says after each second that a step still runs, on a line of its own where there is no terminal", async () => {
    const { narrator, text } = narrate({ isTTY: false });
    const step = narrator.step("waiting", taking(2500));
    await vi.advanceTimersByTimeAsync(2500);
    await step;
    expect(text()).toBe("… waiting (1 s)\n… waiting (2 s)\n✓ answered (2500 ms)\n");
  });

  it("stays silent about a step that takes less than a second", async () => {
    const { narrator, text } = narrate({ isTTY: true }, { NO_COLOR: "1" });
    const step = narrator.step("waiting", taking(999));
    await vi.advanceTimersByTimeAsync(999);
    await step;
    expect(text()).not.toContain("waiting");
  });

  it("replaces the running step by its result on a terminal", async () => {
    const { narrator, text } = narrate({ isTTY: true }, { NO_COLOR: "1" });
    const step = narrator.step("waiting", taking(1500));
    await vi.advanceTimersByTimeAsync(1500);
    await step;
    expect(text()).toBe(`\r${ESC}K… waiting (1 s)\r${ESC}K✓ answered (1500 ms)\n`);
  });

  it("keeps the running step within one line of a narrow terminal", async () => {
    const { narrator, text } = narrate({ isTTY: true, columns: 12 }, { NO_COLOR: "1" });
    const step = narrator.step("waiting for the vault", taking(1000));
    await vi.advanceTimersByTimeAsync(1000);
    await step;
    expect(text()).toContain(`\r${ESC}K… waiting f\r`);
  });

  it("marks a step that failed with what it was doing, and throws on", async () => {
    const { narrator, text } = narrate({ isTTY: false });
    const failing = narrator.step("acquiring", async () => {
      throw new Error("refused");
    });
    await expect(failing).rejects.toThrow("refused");
    expect(text()).toBe("✗ acquiring (0 ms)\n");
  });

  it.each([
    { terminal: { isTTY: true }, env: {}, colored: true },
    { terminal: { isTTY: true }, env: { NO_COLOR: "" }, colored: true },
    { terminal: { isTTY: true }, env: { NO_COLOR: "1" }, colored: false },
    { terminal: { isTTY: true }, env: { TERM: "dumb" }, colored: false },
    { terminal: { isTTY: false }, env: {}, colored: false },
  ])("colors: $colored for a terminal ($terminal.isTTY) and the environment $env", async ({ terminal, env, colored }) => {
    const { narrator, text } = narrate(terminal, env);
    await narrator.step("acquiring", done);
    expect(text().includes(`${ESC}32m`)).toBe(colored);
  });
});
