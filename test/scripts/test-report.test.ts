import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { countReports, countTests, summaryLine } from "../../scripts/test-report.js";

/** A report as vitest writes one, with test files of these statuses. */
function report(...files: { status: string; tests: string[] }[]) {
  const testResults = files.map(({ status, tests }) => ({ status, assertionResults: tests.map((one) => ({ status: one })) }));
  const numPassedTests = files.flatMap(({ tests }) => tests).filter((one) => one === "passed").length;
  return { numPassedTests, testResults };
}

describe("countTests", () => {
  it("counts what passed and what failed, and leaves skipped tests out", () => {
    const file = { status: "failed", tests: ["passed", "failed", "passed", "skipped", "failed"] };
    expect(countTests(report(file, { status: "passed", tests: ["passed"] }))).toEqual({ passed: 3, failed: 2 });
  });

  it("counts a file that did not load as one failure", () => {
    expect(countTests(report({ status: "failed", tests: [] }))).toEqual({ passed: 0, failed: 1 });
  });

  it("counts a file whose hook failed after its tests had passed as one failure", () => {
    expect(countTests(report({ status: "failed", tests: ["passed", "passed"] }))).toEqual({ passed: 2, failed: 1 });
  });

  it.each([[null], ["text"], [{}], [{ numPassedTests: 3 }], [{ numPassedTests: 3, testResults: [{ status: "passed" }] }]])(
    "refuses %j, which is no report",
    (given) => {
      expect(() => countTests(given)).toThrow("not a JSON report of vitest");
    },
  );
});

describe("countReports", () => {
  it("sums over report files, and fails when one is missing", async () => {
    const folder = await mkdtemp(join(tmpdir(), "test-report-"));
    try {
      const [sources, packed] = [join(folder, "sources.json"), join(folder, "packed.json")];
      await writeFile(sources, JSON.stringify(report({ status: "passed", tests: ["passed", "passed"] })));
      await expect(countReports([sources, packed])).rejects.toThrow("packed.json");
      await writeFile(packed, JSON.stringify(report({ status: "failed", tests: ["passed", "failed"] })));
      await expect(countReports([sources, packed])).resolves.toEqual({ passed: 3, failed: 1 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("summaryLine", () => {
  it("is passed, then failed", () => {
    expect(summaryLine({ passed: 12, failed: 0 })).toBe("12 passed, 0 failed");
  });
});
