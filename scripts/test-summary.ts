// Prints `N passed, N failed` over the report files that are named. Fails when a test failed or none ran.
import { countReports, summaryLine } from "./test-report.js";

const count = await countReports(process.argv.slice(2));
console.log(summaryLine(count));
if (count.failed > 0 || count.passed === 0) process.exitCode = 1;
