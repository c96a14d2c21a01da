import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (name: string) => fileURLToPath(new URL(`./packages/${name}/src/index.ts`, import.meta.url));

export default defineConfig({
  test: {
    projects: [
      {
        // on the sources, so that a change is tested without a build
        resolve: {
          alias: {
            "@mtls-pop/core": source("core"),
            "@mtls-pop/emulator": source("emulator"),
            "@mtls-pop/functions-adapter": source("functions-adapter"),
          },
        },
        test: {
          name: "sources",
          include: ["packages/*/test/**/*.test.ts", "samples/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["test/packed/**"],
          // a clean network environment: nothing from the shell reaches the code under test
          env: { NODE_EXTRA_CA_CERTS: "", HTTPS_PROXY: "", https_proxy: "", NO_PROXY: "", no_proxy: "" },
          testTimeout: 20_000,
        },
      },
      {
        // on the tarballs, as a user gets them: needs a build and the npm registry, so the environment stays as it is
        test: {
          name: "packed",
          include: ["test/packed/**/*.test.ts"],
          globalSetup: "test/packed/global-setup.ts",
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
