import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (name: string) => fileURLToPath(new URL(`./packages/${name}/src/index.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    // tests run on the sources; the built packages are tested from their tarballs
    alias: {
      "@mtls-pop/core": source("core"),
      "@mtls-pop/emulator": source("emulator"),
      "@mtls-pop/functions-adapter": source("functions-adapter"),
    },
  },
  test: {
    include: ["packages/*/test/**/*.test.ts", "samples/*/test/**/*.test.ts", "test/**/*.test.ts"],
    // a clean network environment: nothing from the shell reaches the code under test
    env: { NODE_EXTRA_CA_CERTS: "", HTTPS_PROXY: "", https_proxy: "", NO_PROXY: "", no_proxy: "" },
    testTimeout: 20_000,
    reporters: ["default", ["json", { outputFile: "test-report.json" }]],
  },
});
