import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";

/** How many times this process has loaded an app; makes an ES module's URL new, so that it is evaluated for each host. */
let loads = 0;

/**
 * The files that `main` in an app's package.json names: one file or a glob such as `dist/functions/*.js`.
 *
 * @throws Error when there is no `main`, or no file of that name
 */
export async function entryPoints(appRoot: string): Promise<string[]> {
  const { main } = await packageJson(join(appRoot, "package.json"));
  if (typeof main !== "string" || main === "") {
    throw new Error("package.json names no entry point. Set `main` to the file, or the glob of files, that registers the functions.");
  }
  const glob = main.replace(/^\.\//, "");
  const files = /[*?{]/.test(glob) ? await filesOf(appRoot, globPattern(glob)) : [join(appRoot, glob)].filter(existsSync);
  if (files.length === 0) throw new Error(`No file matches \`main\` of package.json, "${main}". Has the app been built?`);
  return files.sort();
}

/** Loads a file as the worker does: `require` for CommonJS, `import` for an ES module; what stands in it runs again for each host. */
export async function loadEntryPoint(file: string): Promise<void> {
  if (await isModule(file)) {
    await import(/* @vite-ignore */ `${pathToFileURL(file).href}?functions-host=${++loads}`);
    return;
  }
  const require = createRequire(file);
  delete require.cache[file];
  require(file);
}

async function isModule(file: string): Promise<boolean> {
  const extension = extname(file);
  if (extension === ".mjs" || extension === ".cjs") return extension === ".mjs";
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) return (await packageJson(manifest)).type === "module";
    if (folder === dirname(folder)) return false;
  }
}

async function packageJson(file: string): Promise<{ main?: unknown; type?: unknown }> {
  const content: unknown = JSON.parse(await readFile(file, "utf8"));
  return typeof content === "object" && content !== null ? content : {};
}

async function filesOf(appRoot: string, pattern: RegExp): Promise<string[]> {
  return (await filesBelow(appRoot)).filter((file) => pattern.test(relative(appRoot, file).split(sep).join("/")));
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const nested = entries.map((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" || entry.name.startsWith(".") ? [] : filesBelow(path);
    return [path];
  });
  return (await Promise.all(nested)).flat();
}

/** `*`, `**`, `?` and `{a,b}`, which is what Functions templates use in `main`. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/\*\*\/|\*\*|[*?{},.+^$()|[\]\\]/g, (token) => {
    const known: Record<string, string> = { "**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|" };
    return known[token] ?? `\\${token}`;
  });
  return new RegExp(`^${source}$`);
}
