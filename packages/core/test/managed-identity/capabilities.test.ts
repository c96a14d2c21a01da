import type { ScriptedAnswer } from "@mtls-pop/emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ManagedIdentityCapabilitiesOptions, managedIdentityCapabilities } from "../../src/managed-identity/capabilities.js";
import { readComputeMetadata } from "../../src/managed-identity/compute-metadata.js";
import { startAzureHost } from "../azure-host.js";
import { TestClock } from "../emulated.js";

let azure: Awaited<ReturnType<typeof startAzureHost>>;
beforeAll(async () => {
  azure = await startAzureHost();
});
afterAll(() => azure.close());
beforeEach(() => {
  azure.emulator.forgetRequests();
  azure.emulator.managedIdentities.imdsVersion = 2;
  Object.assign(azure.emulator.instanceMetadata, { osType: "Windows", securityType: "TrustedLaunch" });
});

const attestation = async () => "never called";
const capabilities = (over: ManagedIdentityCapabilitiesOptions = {}) =>
  managedIdentityCapabilities({ env: azure.onMachine, clock: new TestClock(), ...over });
const answer = (...answers: ScriptedAnswer[]) => azure.emulator.instanceMetadata.answerNext(...answers);

describe("managedIdentityCapabilities", () => {
  it.each(["TrustedLaunch", "ConfidentialVM"])(
    "MI-11 misses nothing on Windows with IMDSv2, %s and an attestation",
    async (securityType) => {
      azure.emulator.instanceMetadata.securityType = securityType;
      expect(await capabilities({ attestation })).toEqual({
        source: "imds",
        osType: "Windows",
        securityType,
        imdsVersion: 2,
        canAcquireBoundTokens: true,
        missing: [],
      });
    },
  );

  it("MI-11 asks what the machine is, once, and for no token and no certificate", async () => {
    await capabilities({ attestation: () => Promise.reject(new Error("It is not to be called.")) });
    const asked = azure.emulator.requests.map(({ method, path, query }) => ({ method, path, query }));
    expect(asked).toHaveLength(2);
    expect(asked).toEqual(
      expect.arrayContaining([
        { method: "GET", path: "/metadata/instance/compute", query: { "api-version": "2021-12-13" } },
        { method: "GET", path: "/metadata/identity/getplatformmetadata", query: { "cred-api-version": "2.0" } },
      ]),
    );
  });

  it("MI-11 misses Windows, the security type and an attestation on a plain Linux machine with IMDSv2", async () => {
    Object.assign(azure.emulator.instanceMetadata, { osType: "Linux", securityType: "" });
    expect(await capabilities()).toEqual({
      source: "imds",
      osType: "Linux",
      imdsVersion: 2,
      canAcquireBoundTokens: false,
      missing: [
        expect.stringMatching(/^Windows: .*Linux/),
        expect.stringMatching(/^the security type TrustedLaunch or ConfidentialVM/),
        expect.stringMatching(/^an attestation of the key: pass `attestation`.*`bindingKey`/),
      ],
    });
  });

  it("MI-11 misses the second version where the metadata service has only the first", async () => {
    azure.emulator.managedIdentities.imdsVersion = 1;
    expect(await capabilities({ attestation })).toEqual({
      source: "imds",
      osType: "Windows",
      securityType: "TrustedLaunch",
      imdsVersion: 1,
      canAcquireBoundTokens: false,
      missing: [expect.stringContaining("second version")],
    });
  });

  it.each([
    [
      "service-fabric",
      "Service Fabric",
      { IDENTITY_ENDPOINT: "http://127.0.0.1:1", IDENTITY_HEADER: "x", IDENTITY_SERVER_THUMBPRINT: "AB" },
    ],
    ["app-service", "App Service", { IDENTITY_ENDPOINT: "http://127.0.0.1:1", IDENTITY_HEADER: "x" }],
    ["azure-ml", "Azure Machine Learning", { MSI_ENDPOINT: "http://127.0.0.1:1", MSI_SECRET: "x" }],
    ["cloud-shell", "Cloud Shell", { MSI_ENDPOINT: "http://127.0.0.1:1" }],
    ["azure-arc", "Azure Arc", { IDENTITY_ENDPOINT: "http://127.0.0.1:1", IMDS_ENDPOINT: "http://127.0.0.1:1" }],
  ] as const)("MI-11 misses a virtual machine on %s, and asks nobody", async (source, name, env) => {
    expect(await capabilities({ env: { ...azure.onMachine, ...env } })).toEqual({
      source,
      canAcquireBoundTokens: false,
      missing: [expect.stringMatching(new RegExp(`^a virtual machine or scale set: .*${name}`))],
    });
    expect(azure.emulator.requests).toEqual([]);
  });

  it("MI-11 misses a metadata service where none answers", async () => {
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://127.0.0.1:1" };
    expect(await capabilities({ env, attestation })).toEqual({
      source: "imds",
      canAcquireBoundTokens: false,
      missing: [expect.stringMatching(/^an instance metadata service: .*127\.0\.0\.1:1/)],
    });
  });

  it("misses the identity that the machine does not have, which the second version says", async () => {
    const identity = { userAssignedClientId: "6325cd32-9911-41f3-819c-416cdf9104e7" };
    expect(await capabilities({ identity, attestation })).toMatchObject({
      imdsVersion: 2,
      canAcquireBoundTokens: false,
      missing: [expect.stringMatching(/6325cd32.*Identity not found/)],
    });
  });

  it("knows no version where something else than the metadata service answers", async () => {
    const { instanceMetadata } = azure.emulator;
    const { serverHeader } = instanceMetadata;
    instanceMetadata.serverHeader = "nginx";
    const result = await capabilities({ attestation });
    instanceMetadata.serverHeader = serverHeader;
    expect(result).not.toHaveProperty("imdsVersion");
    expect(result).toMatchObject({ canAcquireBoundTokens: false, missing: [expect.stringContaining("Server")] });
  });

  it("misses what the answers do not say, when they are longer than any of the service", async () => {
    const endless = { status: 200, body: "x".repeat(1024 * 1024 + 1) };
    answer(endless, endless);
    const { missing, ...known } = await capabilities({ attestation });
    expect(known).toEqual({ source: "imds", canAcquireBoundTokens: false });
    expect(missing).toContainEqual(expect.stringMatching(/^platform metadata of the system-assigned identity: .*longer/));
  });

  it("ends with the signal's reason", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(capabilities({ signal })).rejects.toThrow("enough");
    const controller = new AbortController();
    answer("hang", "hang");
    const asked = capabilities({ signal: controller.signal });
    await expect.poll(() => azure.metadataRequests().length).toBe(2);
    controller.abort(new Error("later"));
    await expect(asked).rejects.toThrow("later");
  });

  it("refuses an address of the metadata service that is none", async () => {
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: "imds" };
    await expect(capabilities({ env })).rejects.toMatchObject({ code: "settings_invalid" });
  });

  it.each([
    null,
    { identity: "user" },
    { attestation: true },
    { transport: 7 },
    { env: { MSI_ENDPOINT: 7 } },
    { clock: 7 },
    { signal: 7 },
    { resource: "x" },
  ])("takes no %j", async (options) => {
    await expect(managedIdentityCapabilities(options as never)).rejects.toMatchObject({ code: "invalid_options" });
  });
});

describe("the compute metadata", () => {
  const read = () => readComputeMetadata(azure.imds().imds, { correlationId: "6325cd32-9911-41f3-819c-416cdf9104e7" });

  it("tells region, cloud, operating system and security type", async () => {
    expect(await read()).toEqual({
      location: "westus3",
      azEnvironment: "AzurePublicCloud",
      osType: "Windows",
      securityType: "TrustedLaunch",
    });
  });

  it.each([
    ["a host without it", { status: 404 }],
    ["a host of another version", { status: 400, body: '{"location":"westus3"}' }],
    ["no JSON", { status: 200, body: "westus3" }],
    ["an array", { status: 200, body: '[{"location":"westus3"}]' }],
    ["other kinds", { status: 200, body: '{"location":7,"azEnvironment":null,"osType":["Linux"],"securityProfile":"TrustedLaunch"}' }],
    ["words that are none", { status: 200, body: '{"location":"evil.example/","osType":"","securityProfile":{"securityType":"a b"}}' }],
    ["a text that is too long", { status: 200, body: `{"osType":"${"x".repeat(65)}"}` }],
  ] as const)("tells nothing when the answer is %s", async (_, scripted) => {
    answer(scripted);
    expect(await read()).toEqual({});
  });
});
