import { describe, expect, it } from "vitest";
import { readArguments, UsageError } from "../../scripts/demo/command-line.js";
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
    expect(readArguments(args)).toEqual({ flow, app: undefined });
  });

  it("takes another app than the built one", () => {
    expect(readArguments(["--app", "app.zip"])).toEqual({ flow: "direct", app: "app.zip" });
  });

  it.each([
    [["--flow", "vanilla"], 'There is no flow "vanilla".'],
    [["--flow", ""], 'There is no flow "".'],
    [["--flow"], "argument missing."],
    [["--flows", "direct"], "Unknown option '--flows'."],
    [["federated"], "Unexpected argument 'federated'."],
    [["--app"], "argument missing."],
    [["--app", ""], "--app needs the name of an archive."],
  ])("%j is refused, with the flows that there are", (args, complaint) => {
    expect(() => readArguments(args)).toThrow(UsageError);
    expect(() => readArguments(args)).toThrow(complaint);
    expect(() => readArguments(args)).toThrow(/Usage: demo \[--flow direct\|federated\] \[--app archive\]/);
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
