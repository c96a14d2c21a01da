// @ts-check
// `tsc -b` that says what it is building, since a fresh clone takes a while. JavaScript, because TypeScript comes out of it.
import { dirname, relative } from "node:path";
import ts from "typescript";

/** The number of TypeScript's message "Building project '{0}'...". */
const BUILDING_PROJECT = 6358;

const host = ts.createSolutionBuilderHost(ts.sys, undefined, undefined, ({ code, messageText }) => {
  const project = /'(.+)'/.exec(String(messageText))?.[1];
  if (code === BUILDING_PROJECT && project !== undefined) console.log(`building ${relative(".", dirname(project))} …`);
});
process.exitCode = ts.createSolutionBuilder(host, ["tsconfig.json"], { verbose: true }).build();
