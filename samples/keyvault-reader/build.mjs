// Bundles the app into one file, since pnpm's links do not survive a deployment: node build.mjs [app folder] [tsconfig]
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const [appRoot = join(here, "app"), tsconfig = join(here, "tsconfig.json")] = process.argv.slice(2);

await build({
  entryPoints: [join(here, "src/main.ts")],
  outfile: join(appRoot, "dist/main.mjs"),
  tsconfig,
  bundle: true,
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
