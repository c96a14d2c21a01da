import { expect, inject, it } from "vitest";
import { addConsumer, runNode } from "./project.js";

const { app } = inject("projects");

it("gives import and require the same names", async () => {
  const names = (load: string) => `console.log(Object.keys(${load}).sort().join())`;
  const imported = await runNode(app, ["--input-type=module", "--eval", names('await import("@mtls-pop/functions-adapter")')]);
  const required = await runNode(app, ["--input-type=commonjs", "--eval", names('require("@mtls-pop/functions-adapter")')]);
  expect(imported.stdout).toContain("withMtlsPop");
  expect(required.stdout).toBe(imported.stdout);
});

it("serves a Functions app that reads a secret with a bound token", async () => {
  await addConsumer(app, "functions-app.mjs");
  const { stdout } = await runNode(app, ["functions-app.mjs"]);
  expect(JSON.parse(stdout)).toEqual({ status: 200, value: "from the vault" });
});
