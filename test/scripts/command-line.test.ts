import { describe, expect, it } from "vitest";
import { readFlow, UsageError } from "../../scripts/demo/command-line.js";
import { Narrator } from "../../scripts/demo/narrator.js";
import { runCommand } from "../../scripts/demo/run-command.js";

describe("the demo's command line", () => {
  it.each([
    [[], "direct"],
    [["--flow", "direct"], "direct"],
    [["--flow", "federated"], "federated"],
    [["--flow=federated"], "federated"],
    [["--", "--flow", "federated"], "federated"],
  ])("%j plays %s", (args, flow) => {
    expect(readFlow(args)).toBe(flow);
  });

  it.each([
    [["--flow", "vanilla"], 'There is no flow "vanilla".'],
    [["--flow", ""], 'There is no flow "".'],
    [["--flow"], "argument missing."],
    [["--flows", "direct"], "Unknown option '--flows'."],
    [["federated"], "Unexpected argument 'federated'."],
  ])("%j is refused, with the flows that there are", (args, complaint) => {
    expect(() => readFlow(args)).toThrow(UsageError);
    expect(() => readFlow(args)).toThrow(complaint);
    expect(() => readFlow(args)).toThrow(/Usage: demo \[--flow direct\|federated\]/);
  });

  it("ends with 2 and plays nothing when it cannot be followed", async () => {
    const written: string[] = [];
    const complaints: string[] = [];
    const narrator = new Narrator({ write: (text) => written.push(text) });
    const complain = (text: string) => void complaints.push(text);
    expect(await runCommand(["--flow", "vanilla"], { narrator, complain, stop: new AbortController().signal })).toBe(2);
    expect([written, complaints]).toEqual([[], [expect.stringMatching(/^There is no flow "vanilla"\.\n\nUsage: demo/)]]);
  });

  it("plays the flow that it names", async () => {
    const written: string[] = [];
    const stop = AbortSignal.abort(new Error("at once"));
    const narrator = new Narrator({ write: (text) => written.push(text) });
    expect(await runCommand(["--flow", "federated"], { narrator, complain: () => undefined, stop })).not.toBe(0);
    expect(written.join("")).toContain("application registered to trust the machine's managed identity");
  });
});
