import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { unzipSync, type Zippable, zipSync } from "fflate";
import ignore, { type Ignore } from "ignore";

const IGNORE_FILE = ".funcignore";
/** What azd leaves out of a Functions app whatever its list says. */
const NEVER_PACKED = new Set([".azure", IGNORE_FILE, "local.settings.json"]);

/**
 * Packs the folder of a Functions app as azd does for `host: function` with `remoteBuild: false`: what `.funcignore` names stays behind.
 *
 * @returns a zip archive
 * @throws {Error} for a list that names `node_modules`, as azd refuses it
 * @see https://github.com/Azure/azure-dev/blob/main/cli/azd/pkg/project/project_utils.go
 */
export async function packApp(appRoot: string): Promise<Uint8Array> {
  const list = ignore().add(await readFile(join(appRoot, IGNORE_FILE), "utf8"));
  if (list.ignores("node_modules/")) {
    throw new Error(`${IGNORE_FILE} names node_modules, which azd refuses beside "remoteBuild: false". Take the line out.`);
  }
  const files: Zippable = {};
  for (const path of await filesOf(appRoot, list)) files[path] = await readFile(join(appRoot, path));
  return zipSync(files);
}

/** Unpacks an archive of {@link packApp} into a new folder, which goes when it is disposed of. */
export async function unpackedApp(archive: string): Promise<{ readonly appRoot: string } & AsyncDisposable> {
  const files = Object.entries(unzipSync(await readFile(archive)));
  const appRoot = await mkdtemp(join(tmpdir(), "unpacked-app-"));
  for (const [path, content] of files) {
    const file = join(appRoot, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  return { appRoot, [Symbol.asyncDispose]: () => rm(appRoot, { recursive: true, force: true }) };
}

async function filesOf(appRoot: string, list: Ignore): Promise<string[]> {
  const entries = await readdir(appRoot, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(appRoot, join(entry.parentPath, entry.name)).split(sep))
    .filter((names) => !names.some((name) => NEVER_PACKED.has(name)))
    .map((names) => names.join("/"))
    .filter((path) => !list.ignores(path))
    .sort();
}
