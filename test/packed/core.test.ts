import { cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { runNode } from "./project.js";

const { core } = inject("projects");

/** Prints, as JSON, what an expression comes to in a module, or in a script. */
async function evaluate(folder: string, code: string, kind: "module" | "commonjs"): Promise<unknown> {
  const { stdout, stderr } = await runNode(folder, [`--input-type=${kind}`, "--eval", code]);
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

it("gives import and require the same names", async () => {
  const imported = await evaluate(core, 'console.log(JSON.stringify(Object.keys(await import("@mtls-pop/core")).sort()))', "module");
  const required = await evaluate(core, 'console.log(JSON.stringify(Object.keys(require("@mtls-pop/core")).sort()))', "commonjs");
  expect(imported).toContain("ConfidentialClientApplication");
  expect(required).toEqual(imported);
});

it("brings jose and node-forge along and nothing else", async () => {
  const folders = (await readdir(join(core, "node_modules"))).filter((name) => !name.startsWith("."));
  expect(folders.sort()).toEqual(["@mtls-pop", "jose", "node-forge"]);
});

it("loads no other package when it is imported, jose and node-forge neither", async () => {
  const lone = await mkdtemp(join(tmpdir(), "mtls-pop-lone-core-"));
  try {
    await mkdir(join(lone, "node_modules/@mtls-pop"), { recursive: true });
    await cp(join(core, "node_modules/@mtls-pop/core"), join(lone, "node_modules/@mtls-pop/core"), { recursive: true });
    const code = 'const { isMtlsPopError } = await import("@mtls-pop/core"); console.log(isMtlsPopError(1))';
    await expect(evaluate(lone, code, "module")).resolves.toBe(false);
    const guard = 'const { popChallenge } = await import("@mtls-pop/core/guard"); console.log(popChallenge(1) === undefined)';
    await expect(evaluate(lone, guard, "module")).resolves.toBe(true);
    const undici =
      'const { createPopDispatcher } = await import("@mtls-pop/core/undici"); console.log(typeof createPopDispatcher === "function")';
    await expect(evaluate(lone, undici, "module")).resolves.toBe(true);
  } finally {
    await rm(lone, { recursive: true });
  }
});

it.each([
  ["guard", "(await verifyPopToken({}, {}).catch((error) => error)) instanceof MtlsPopError", "verifyPopToken"],
  [
    "undici",
    "[createPopDispatcher].map((make) => { try { make({}); } catch (error) { return error instanceof MtlsPopError; } })[0]",
    "createPopDispatcher",
  ],
])("knows the errors of @mtls-pop/core/%s for its own", async (entry, check, name) => {
  const code = `const { MtlsPopError } = await import("@mtls-pop/core"); const { ${name} } = await import("@mtls-pop/core/${entry}"); console.log(${check})`;
  await expect(evaluate(core, code, "module")).resolves.toBe(true);
});

it("leaves the fetch that is built into Node alone when it is imported", async () => {
  const code = 'await import("@mtls-pop/core"); console.log(JSON.stringify(process.moduleLoadList.filter((name) => /undici/.test(name))))';
  await expect(evaluate(core, code, "module")).resolves.toEqual([]);
});

it("shows no file of its own but through its exports", async () => {
  const code = 'await import("@mtls-pop/core/dist/index.js").catch(({ code }) => console.log(JSON.stringify(code)))';
  await expect(evaluate(core, code, "module")).resolves.toBe("ERR_PACKAGE_PATH_NOT_EXPORTED");
});
