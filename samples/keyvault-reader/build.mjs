// Bundles the app, since pnpm's links do not survive a deployment: node build.mjs [app folder] [tsconfig]
import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const [appRoot = join(here, "app"), tsconfig = join(here, "tsconfig.json")] = process.argv.slice(2);

const outdir = join(appRoot, "dist");
// the names of chunks follow from what is in them: those of an earlier build would be deployed as well
await rm(outdir, { recursive: true, force: true });

await build({
  entryPoints: [join(here, "src/main.ts")],
  outdir,
  outExtension: { ".js": ".mjs" },
  chunkNames: "[name]-[hash]",
  tsconfig,
  bundle: true,
  // what reads a certificate from Key Vault, the Azure SDK with it, goes into files that no other start reads
  splitting: true,
  platform: "node",
  target: "node20",
  format: "esm",
  // the Functions host supplies it; no package of this name can be installed
  external: ["@azure/functions-core"],
  // @azure/functions is CommonJS and calls `require`, which an ES module does not have
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
});

// the root of the repository has it, the root of the app needs it
await copyFile(join(here, "../../host.json"), join(appRoot, "host.json"));
