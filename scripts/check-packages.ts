// Checks each package as it would be published: what its tarball holds, publint, and are-the-types-wrong.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { checkPackage, createPackageFromTarballData, type Package, type ProblemKind } from "@arethetypeswrong/core";
import { problemKindInfo } from "@arethetypeswrong/core/problems";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { packPackages } from "./pack-packages.js";

/**
 * The packages are ESM only, and CommonJS code loads them with `require`: every Node from 20.19 on can, and the packing test does it.
 * This one finding says no more than that. The narrower profile `esm-only` would also hide a missing `types` for CommonJS projects.
 */
const ACCEPTED: ReadonlySet<ProblemKind> = new Set<ProblemKind>(["CJSResolvesToESM"]);

const destination = await mkdtemp(join(tmpdir(), "mtls-pop-check-"));
try {
  for (const { name, tarball } of await packPackages(destination)) {
    const data = await readFile(tarball);
    const content = createPackageFromTarballData(data);
    const problems = [...contentProblems(content), ...(await publishingProblems(name, data)), ...(await typeProblems(content))];
    console.log(problems.length === 0 ? `${name}: fit to publish` : `${name}:\n  ${problems.join("\n  ")}`);
    if (problems.length > 0) process.exitCode = 1;
  }
} finally {
  await rm(destination, { recursive: true });
}

/** Files that are missing, or have no business in a tarball. */
function contentProblems(content: Package): string[] {
  const root = `/node_modules/${content.packageName}`;
  const files = content.listFiles().map((file) => posix.relative(root, file));
  const present = new Set(files);
  const missing = ["LICENSE", "README.md", "package.json"].filter((file) => !present.has(file));
  const stray = files.filter(
    (file) => !/^(?:LICENSE|README\.md|CHANGELOG\.md|package\.json|bin\/.+\.js|dist\/.+\.(?:js|d\.ts)(?:\.map)?|src\/.+\.ts)$/.test(file),
  );
  const tests = files.filter((file) => /(?:^|\/)tests?\/|\.test\./.test(file));
  // also finds what an earlier build left behind: its source is gone
  const blindMaps = files
    .filter((file) => file.endsWith(".map"))
    .filter((file) => !sourcesOf(content, root, file).every((source) => present.has(source)));
  return [
    ...missing.map((file) => `${file} is missing`),
    ...stray.map((file) => `${file} does not belong there`),
    ...tests.map((file) => `${file} is a test`),
    ...blindMaps.map((file) => `${file} points to a source that is not packed`),
  ];
}

/** The files that a source map names, relative to the package. */
function sourcesOf(content: Package, root: string, map: string): string[] {
  const { sources }: { sources: string[] } = JSON.parse(content.readFile(`${root}/${map}`));
  return sources.map((source) => posix.join(posix.dirname(map), source));
}

async function publishingProblems(name: string, data: Buffer): Promise<string[]> {
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: new Uint8Array(data).buffer } });
  return messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? `${message.code} in ${name}`}`);
}

async function typeProblems(content: Package): Promise<string[]> {
  const result = await checkPackage(content);
  if (!result.types) return ["are-the-types-wrong: no types"];
  const problems = result.problems.filter(({ kind }) => !ACCEPTED.has(kind));
  return problems.map((problem) => `are-the-types-wrong: ${problemKindInfo[problem.kind].shortDescription} ${JSON.stringify(problem)}`);
}
