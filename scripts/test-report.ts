import { readFile } from "node:fs/promises";

/** How many tests passed and failed. */
export interface TestCount {
  passed: number;
  failed: number;
}

/** The part of vitest's JSON report that is counted. */
interface TestReport {
  numPassedTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

/** Counts vitest's JSON report: a test file that fails without a failed test of its own (it did not load) is one failure. */
export function countTests(report: unknown): TestCount {
  assertTestReport(report);
  let failed = 0;
  for (const { status, assertionResults } of report.testResults) {
    const failedHere = assertionResults.filter((result) => result.status === "failed").length;
    failed += status === "failed" ? Math.max(failedHere, 1) : failedHere;
  }
  return { passed: report.numPassedTests, failed };
}

/** The sum over several report files. */
export async function countReports(paths: readonly string[]): Promise<TestCount> {
  const counts = await Promise.all(paths.map(async (path) => countTests(JSON.parse(await readFile(path, "utf8")))));
  return counts.reduce((sum, { passed, failed }) => ({ passed: sum.passed + passed, failed: sum.failed + failed }), {
    passed: 0,
    failed: 0,
  });
}

/** The last line of a run. */
export function summaryLine({ passed, failed }: TestCount): string {
  return `${passed} passed, ${failed} failed`;
}

function assertTestReport(report: unknown): asserts report is TestReport {
  const wellFormed =
    typeof report === "object" &&
    report !== null &&
    "numPassedTests" in report &&
    typeof report.numPassedTests === "number" &&
    "testResults" in report &&
    Array.isArray(report.testResults) &&
    report.testResults.every(
      (file: unknown) => typeof file === "object" && file !== null && "status" in file && "assertionResults" in file,
    );
  if (!wellFormed) throw new TypeError("This is not a JSON report of vitest: numPassedTests or testResults is missing.");
}
