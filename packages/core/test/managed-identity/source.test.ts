import { describe, expect, it } from "vitest";
import { detectManagedIdentitySource, findSource } from "../../src/managed-identity/source.js";
import { inChild } from "../child.js";
import { thrown } from "../thrown.js";

const noFile = () => false;
const endpoint = { IDENTITY_ENDPOINT: "http://127.0.0.1:41741/msi/token", IDENTITY_HEADER: "secret" };
const all = {
  ...endpoint,
  IDENTITY_SERVER_THUMBPRINT: "AB",
  MSI_ENDPOINT: "http://127.0.0.1:41741/msi/token",
  MSI_SECRET: "secret",
  IMDS_ENDPOINT: "http://127.0.0.1:40342",
};

describe("the source of managed identities", () => {
  it.each([
    ["service-fabric", "Service Fabric", { ...endpoint, IDENTITY_SERVER_THUMBPRINT: "AB" }],
    ["app-service", "App Service", endpoint],
    ["azure-ml", "Azure Machine Learning", { MSI_ENDPOINT: "http://x", MSI_SECRET: "secret" }],
    ["cloud-shell", "Cloud Shell", { MSI_ENDPOINT: "http://x" }],
    ["azure-arc", "Azure Arc", { IDENTITY_ENDPOINT: "http://x", IMDS_ENDPOINT: "http://y" }],
    ["imds", "instance metadata service", {}],
    ["imds", "instance metadata service", { IDENTITY_HEADER: "secret", MSI_SECRET: "secret", IMDS_ENDPOINT: "http://y" }],
    ["imds", "instance metadata service", { IDENTITY_ENDPOINT: "http://x" }],
  ] as const)("is %s, in words %s, by the variables %j", (source, words, env) => {
    expect(findSource(env, noFile)).toEqual({ source, description: expect.stringContaining(words) });
    // the agent's file is on no machine that tests run on
    expect(detectManagedIdentitySource(env)).toBe(source);
  });

  it.each([
    ["service-fabric", []],
    ["app-service", ["IDENTITY_SERVER_THUMBPRINT"]],
    ["azure-ml", ["IDENTITY_SERVER_THUMBPRINT", "IDENTITY_HEADER"]],
    ["cloud-shell", ["IDENTITY_SERVER_THUMBPRINT", "IDENTITY_HEADER", "MSI_SECRET"]],
    ["azure-arc", ["IDENTITY_SERVER_THUMBPRINT", "IDENTITY_HEADER", "MSI_SECRET", "MSI_ENDPOINT"]],
  ] as const)("is %s before all that come after it, when %j of every variable are empty", (source, empty) => {
    const env = { ...all, ...Object.fromEntries(empty.map((name) => [name, ""])) };
    expect(findSource(env, noFile).source).toBe(source);
  });

  it("is Azure Arc where its agent is installed, and nothing that comes earlier is found", () => {
    const asked: string[] = [];
    const fileExists = (path: string) => asked.push(path) > 0;
    expect(findSource({}, fileExists)).toEqual({ source: "azure-arc", description: "Azure Arc (/opt/azcmagent/bin/himds exists)" });
    expect(asked).toEqual(["/opt/azcmagent/bin/himds"]);
    expect(findSource(endpoint, fileExists).source).toBe("app-service");
    expect(asked).toHaveLength(1);
  });

  it("says which variables it was told by, and none of their values", () => {
    expect(findSource(endpoint, noFile).description).toBe("App Service / Functions (IDENTITY_ENDPOINT and IDENTITY_HEADER set)");
  });

  it("is by default the process's, as its environment is now", async () => {
    const sources = await inChild(
      `import { detectManagedIdentitySource } from "../src/managed-identity/source.ts";
       const before = detectManagedIdentitySource();
       delete process.env.MSI_ENDPOINT;
       console.log(JSON.stringify([before, detectManagedIdentitySource()]));`,
      { env: { MSI_ENDPOINT: "http://x" } },
    );
    expect(sources).toEqual(["cloud-shell", "imds"]);
  });

  it.each([null, "imds", { MSI_ENDPOINT: 7 }, []])("is not looked for in %j", (env) => {
    expect(thrown(() => detectManagedIdentitySource(env as never)).code).toBe("invalid_options");
  });
});
