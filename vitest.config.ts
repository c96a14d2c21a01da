import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (name: string, file = "index.ts") => fileURLToPath(new URL(`./packages/${name}/src/${file}`, import.meta.url));

/** The packages as they lie here, so that a change is tested without a build. */
const sources = {
  // before the package, whose name it begins with
  "@mtls-pop/core/azure-sdk": source("core", "azure-sdk/index.ts"),
  "@mtls-pop/core/guard": source("core", "guard/index.ts"),
  "@mtls-pop/core/key-vault": source("core", "key-vault/index.ts"),
  "@mtls-pop/core/undici": source("core", "undici/index.ts"),
  "@mtls-pop/core": source("core"),
  "@mtls-pop/emulator": source("emulator"),
  "@mtls-pop/functions-adapter/guard": source("functions-adapter", "guard/index.ts"),
  "@mtls-pop/functions-adapter": source("functions-adapter"),
};

/** A clean network environment: nothing from the shell reaches the code under test. */
const cleanEnvironment = { NODE_EXTRA_CA_CERTS: "", HTTPS_PROXY: "", https_proxy: "", NO_PROXY: "", no_proxy: "" };

export default defineConfig({
  test: {
    projects: [
      {
        // on the sources, so that a change is tested without a build
        resolve: { alias: sources },
        test: {
          name: "sources",
          include: ["packages/*/test/**/*.test.ts", "samples/*/test/**/*.test.ts", "infra/hooks/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["test/packed/**"],
          env: cleanEnvironment,
          testTimeout: 20_000,
        },
      },
      {
        // on the sources too, beside programs of other people, which the machine has to have
        resolve: { alias: sources },
        test: {
          name: "interop",
          include: ["interop/**/*.test.ts"],
          globalSetup: ["interop/document-setup.ts", "interop/msal-net/build-program.ts"],
          env: cleanEnvironment,
          testTimeout: 20_000,
          hookTimeout: 60_000,
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
