import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { addConsumer, runNode } from "./project.js";

const { app } = inject("projects");
const workspace = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const older = join(app, "node_modules/typescript/bin/tsc");

/** As strict as a user may be: the published declarations are checked as well. */
const STRICT = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, target: "ES2022", types: ["node"], noEmit: true };
/** What `func init --typescript` writes. */
const TEMPLATE = { module: "commonjs", target: "es6", outDir: "compiled", rootDir: ".", sourceMap: true, strict: false, types: ["node"] };

it.each([
  {
    compiler: workspace,
    version: 6,
    project: "an ES module of a strict project",
    file: "consumer.mts",
    options: { ...STRICT, module: "nodenext" },
  },
  {
    compiler: workspace,
    version: 6,
    project: "CommonJS of a strict project",
    file: "consumer.cts",
    options: { ...STRICT, module: "nodenext" },
  },
  { compiler: workspace, version: 6, project: "module: commonjs of a Functions template", file: "consumer.ts", options: TEMPLATE },
  {
    compiler: older,
    version: 5,
    project: "an ES module of a strict project",
    file: "consumer.mts",
    options: { ...STRICT, module: "nodenext" },
  },
  { compiler: older, version: 5, project: "module: commonjs of a Functions template", file: "consumer.ts", options: TEMPLATE },
])("compiles in TypeScript $version as $project", async ({ compiler, file, options }) => {
  await addConsumer(app, "consumer.ts", file);
  await writeFile(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: [file] }));
  const { stdout } = await runNode(app, [compiler, "--project", "tsconfig.json"]);
  expect(stdout).toBe("");
});

it("runs what module: commonjs was compiled to", async () => {
  const { stdout } = await runNode(app, ["--eval", 'console.log(typeof require("./compiled/consumer.js").acquire)']);
  expect(stdout).toBe("function\n");
});
