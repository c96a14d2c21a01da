import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { packPackages } from "../../scripts/pack-packages.js";
import { installProject } from "./project.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** Folders of projects that have installed the tarballs. */
    projects: {
      /** core and nothing else. */
      core: string;
      /** The emulator and nothing else. */
      emulator: string;
      /** All of them, with `@azure/functions`, and what TypeScript needs. */
      app: string;
      /** core, the emulator and clients of the Azure SDK. */
      azureSdk: string;
      /** core and nothing else, with what the sample of other runtimes is compiled by. */
      otherRuntimes: string;
    };
  }
}

/** Packs every package and installs each as a user would. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const root = await mkdtemp(join(tmpdir(), "mtls-pop-packed-"));
  try {
    const tarballs = join(root, "tarballs");
    await mkdir(tarballs);
    const packed = new Map((await packPackages(tarballs)).map(({ name, tarball }) => [name, tarball]));
    const tarball = (name: string): string => {
      const path = packed.get(`@mtls-pop/${name}`);
      if (path === undefined) throw new Error(`@mtls-pop/${name} was not packed.`);
      return path;
    };
    const catalog = await readFile(new URL("../../pnpm-workspace.yaml", import.meta.url), "utf8");
    const version = (name: string): string => {
      const range = new RegExp(`^ {2}"?${name}"?: (\\S+)$`, "m").exec(catalog)?.[1];
      if (range === undefined) throw new Error(`The catalog has no ${name}.`);
      return `${name}@${range}`;
    };
    // a user on Node 20 needs them as much as this workspace does
    const overrides = Object.fromEntries(
      Array.from((catalog.split("\noverrides:\n")[1] ?? "").matchAll(/^ {2}"(.+)": (\S+)$/gm), ([, name, range]) => [name, range]),
    );
    // one after the other: npm's cache serves the later ones
    provide("projects", {
      core: await installProject(join(root, "core"), [tarball("core")]),
      emulator: await installProject(join(root, "emulator"), [tarball("emulator")]),
      app: await installProject(join(root, "app"), [
        ...["core", "emulator", "functions-adapter"].map(tarball),
        ...["@azure/functions", "@types/node"].map(version),
        // the last release before module: commonjs came to mean another way of finding types
        "typescript@~5.9.3",
      ]),
      azureSdk: await installProject(
        join(root, "azure-sdk"),
        [
          ...["core", "emulator"].map(tarball),
          ...["@azure/identity", "@azure/keyvault-certificates", "@azure/keyvault-secrets", "@azure/storage-blob"].map(version),
          ...["@azure/core-auth", "@azure/core-rest-pipeline", "@types/node"].map(version),
        ],
        overrides,
      ),
      otherRuntimes: await installProject(join(root, "other-runtimes"), [
        tarball("core"),
        ...["@types/aws-lambda", "@types/node", "typescript"].map(version),
      ]),
    });
  } catch (error) {
    await rm(root, { recursive: true });
    throw error;
  }
  return () => rm(root, { recursive: true });
}
