import { stat } from "node:fs/promises";
import { parseArgs } from "node:util";
import { checkProject } from "./check-project.js";
import { formatProblem } from "./problem.js";

/**
 * The command `check-infra [--schemas <folder>]`. Without the folder, what needs a schema is not checked, and that is said.
 *
 * @param say takes a line of what was found
 * @param root of the project
 * @returns the exit code: 1 for what is wrong with the project, 2 for a folder that is not there
 */
export async function checkInfra(args: readonly string[], say: (line: string) => void, root = "."): Promise<number> {
  const { schemas } = parseArgs({ args: [...args], options: { schemas: { type: "string" } } }).values;
  if (schemas !== undefined && !(await isFolder(schemas))) {
    say(`There is no folder ${schemas}.`);
    return 2;
  }
  const { problems, checked } = await checkProject(root, schemas);
  for (const one of checked) say(one);
  if (schemas === undefined) say("NOT CHECKED, since no folder with schemas was named: properties of resources, azure.yaml, host.json");
  for (const problem of problems) say(formatProblem(problem));
  say(problems.length === 0 ? "Nothing is wrong with it." : `${problems.length} ${problems.length === 1 ? "problem" : "problems"}.`);
  return problems.length === 0 ? 0 : 1;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
