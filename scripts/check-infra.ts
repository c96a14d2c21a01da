// Checks infra/, azure.yaml and host.json: node check-infra.js [--schemas <folder>]. Without the folder, what needs a schema is not checked.
import { stat } from "node:fs/promises";
import { parseArgs } from "node:util";
import { checkProject } from "./check-infra/check-project.js";
import { formatProblem } from "./check-infra/problem.js";

const { schemas } = parseArgs({ options: { schemas: { type: "string" } } }).values;
if (schemas !== undefined && !(await isFolder(schemas))) {
  process.stderr.write(`There is no folder ${schemas}.\n`);
  process.exit(2);
}
const { problems, checked } = await checkProject(".", schemas);
for (const one of checked) console.log(one);
if (schemas === undefined)
  console.log("NOT CHECKED, since no folder with schemas was named: properties of resources, azure.yaml, host.json");
for (const problem of problems) console.log(formatProblem(problem));
console.log(problems.length === 0 ? "Nothing is wrong with it." : `${problems.length} problems.`);
if (problems.length > 0) process.exitCode = 1;

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
