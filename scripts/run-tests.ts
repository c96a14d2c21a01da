// Runs one vitest project, `sources`, `interop` or `packed`, and ends with the line `N passed, N failed`.
// Further arguments go to vitest: `pnpm test packages/core -t "single flight"`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { countReports, summaryLine } from "./test-report.js";

const [project = "sources", ...vitestArguments] = process.argv.slice(2);
const report = `test-reports/${project}.json`;
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

// a report of an earlier run must not be taken for this one's
await rm(report, { force: true });
const run = spawn(
  process.execPath,
  [
    vitest,
    ...["run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
    // vitest colors what goes to a file as well
    ...(process.stdout.isTTY ? [] : ["--no-color"]),
    ...vitestArguments,
  ],
  { stdio: "inherit" },
);
const [exitCode] = await once(run, "exit");
const vitestPassed = exitCode === 0;

const { passed, failed } = await countReports([report]).catch((error: unknown) => {
  console.error(error);
  return { passed: 0, failed: 0 };
});
const passedForGood = vitestPassed && failed === 0 && passed > 0;
// what fails outside any test, such as an unhandled rejection, is in no report and still a failure
console.log(`\n${summaryLine({ passed, failed: passedForGood ? failed : Math.max(failed, 1) })}`);
process.exitCode = passedForGood ? 0 : 1;
