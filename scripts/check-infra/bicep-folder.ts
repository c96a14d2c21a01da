import { readdir, readFile } from "node:fs/promises";
import { join, posix, sep } from "node:path";
import { type BicepFile, readBicepFile } from "./bicep-file.js";
import { checkDeclarations, checkSyntax } from "./declaration-check.js";
import type { FileScope } from "./file-scope.js";
import { checkModules } from "./module-check.js";
import { checkOutputs } from "./output-check.js";
import type { Problem } from "./problem.js";
import { checkResources, resourceTypesOf } from "./resource-check.js";
import type { ResourceSchemas } from "./resource-schemas.js";

/** Reads every Bicep file under a folder, without what packages bring along. */
export async function readBicepFolder(folder: string): Promise<BicepFile[]> {
  const entries = await readdir(folder, { recursive: true });
  const paths = entries
    .map((entry) => entry.split(sep).join("/"))
    .filter((path) => path.endsWith(".bicep") && !path.includes("node_modules/"));
  return Promise.all(paths.sort().map(async (path) => readBicepFile(path, await readFile(join(folder, path), "utf8"))));
}

/**
 * Checks Bicep files together.
 *
 * @param schemas without them the resources' own properties are not looked at
 */
export async function checkBicep(files: readonly BicepFile[], schemas: ResourceSchemas | undefined): Promise<Problem[]> {
  const syntax = files.flatMap(checkSyntax);
  // of a tree with gaps the other checks would tell what is not so
  if (syntax.length > 0) return syntax;
  const byPath = new Map(files.map((file) => [file.path, file]));
  const checked = files.map(async (file) => {
    const scope: FileScope = {
      file,
      moduleFiles: moduleFilesOf(file, byPath),
      resourceTypes: schemas ? await resourceTypesOf(file, schemas) : new Map(),
    };
    const always = [...checkDeclarations(scope), ...checkModules(scope), ...checkOutputs(scope)];
    return schemas ? [...always, ...checkResources(scope)] : always;
  });
  const unreferenced = files.filter((file) => file.path !== "main.bicep" && !files.some((other) => refersTo(other, file.path, byPath)));
  const stray = unreferenced.map(({ path }) => ({ file: path, message: "No file has this one as a module." }));
  return [...(await Promise.all(checked)).flat(), ...stray];
}

function moduleFilesOf(file: BicepFile, byPath: ReadonlyMap<string, BicepFile>): Map<string, BicepFile> {
  const folder = posix.dirname(file.path);
  const found = file.modules.map(({ name, reference }) => [name, byPath.get(posix.join(folder, reference))] as const);
  return new Map(found.flatMap(([name, module]) => (module === undefined ? [] : [[name, module]])));
}

function refersTo(file: BicepFile, path: string, byPath: ReadonlyMap<string, BicepFile>): boolean {
  return [...moduleFilesOf(file, byPath).values()].some((module) => module.path === path);
}
