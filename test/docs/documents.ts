import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The workspace's folder, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** Where documents are looked for; a star is every folder there. */
const PLACES = [".", "docs", "infra", "packages/*", "samples/*", "bench"];

/** One file of the workspace. */
export interface Document {
  /** From the root, such as `packages/core/README.md`. */
  readonly path: string;
  readonly text: string;
}

/** Every document that a reader is led to. */
export const DOCUMENTS: readonly Document[] = PLACES.flatMap(folders)
  .flatMap((folder) => names(folder, (entry) => entry.isFile() && entry.name.endsWith(".md")).map((name) => join(folder, name)))
  .map((path) => ({ path, text: readFileSync(`${ROOT}${path}`, "utf8") }));

/** The packages that are published. */
export type PackageName = "core" | "functions-adapter" | "emulator";

/** The TypeScript sources of a package, in the order of their paths. */
export function sourceFiles(packageName: PackageName): Document[] {
  const folder = `packages/${packageName}/src`;
  return readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .map((path) => ({ path, text: readFileSync(`${ROOT}${path}`, "utf8") }));
}

/** The document at a path. */
export function documentAt(path: string): Document {
  const found = DOCUMENTS.find((document) => document.path === path);
  if (!found) throw new Error(`There is no document ${path}.`);
  return found;
}

function folders(place: string): string[] {
  if (!place.endsWith("/*")) return [place];
  const parent = place.slice(0, -2);
  return names(parent, (entry) => entry.isDirectory()).map((name) => `${parent}/${name}`);
}

function names(folder: string, wanted: (entry: import("node:fs").Dirent) => boolean): string[] {
  return readdirSync(`${ROOT}${folder}`, { withFileTypes: true })
    .filter(wanted)
    .map(({ name }) => name)
    .sort();
}

function join(folder: string, name: string): string {
  return folder === "." ? name : `${folder}/${name}`;
}
