// Measures core beside what a user would otherwise take, and reports on standard output:
//   node dist/main.js              full run, some minutes
//   node dist/main.js --quick      few rounds, to see that everything runs
//   node dist/main.js --markdown   also writes the report into README.md
// It fails when a count is not what it should be; times are reported, never asserted.
import { parseArgs } from "node:util";
import { load, machine } from "./report/machine.js";
import { markdownReport, writeBetweenMarkers } from "./report/markdown-report.js";
import { Progress } from "./report/progress.js";
import type { Section } from "./report/section.js";
import { textReport } from "./report/text-report.js";
import { cachedAcquisition } from "./sections/cached-acquisition.js";
import { coldCallers } from "./sections/cold-callers.js";
import { firstByte } from "./sections/first-byte.js";
import { importTime } from "./sections/import-time.js";
import { warmRequests } from "./sections/warm-requests.js";
import { Servers } from "./servers/servers.js";
import { FULL, QUICK } from "./settings.js";

const { values: options } = parseArgs({ options: { quick: { type: "boolean" }, markdown: { type: "boolean" } } });

const progress = new Progress(process.stderr);
const startedMs = performance.now();
const loadBefore = load();
const sections: Section[] = [];
{
  progress.begin("starting the emulator");
  await using servers = await Servers.start();
  const run = { servers, settings: options.quick ? QUICK : FULL, progress };
  sections.push(await importTime(run));
  sections.push(await firstByte(run));
  sections.push(await cachedAcquisition(run));
  sections.push(...(await warmRequests(run)));
  sections.push(await coldCallers(run));
}
progress.end();

const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
const date = new Date().toISOString().slice(0, 10);
const heading = `${date} · ${machine()} · load ${loadBefore} before · ${options.quick ? "quick run" : "full run"}, ${minutes} minutes`;
process.stdout.write(textReport(heading, sections));
if (options.markdown) await writeBetweenMarkers(new URL("../README.md", import.meta.url), markdownReport(heading, sections));
process.exitCode = sections.flatMap(({ verdicts }) => verdicts).every(({ met, isFact }) => met || !isFact) ? 0 : 1;
