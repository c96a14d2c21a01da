import { ChainedTokenCredential, DefaultAzureCredential, ManagedIdentityCredential } from "@azure/identity";
import { afterEach, describe, expect, it, vi } from "vitest";
import { defaultCredential } from "../../src/key-vault/default-credential.js";

afterEach(() => vi.unstubAllEnvs());

const IDENTITY = "11111111-1111-1111-1111-111111111111";
const APPLICATION = "22222222-2222-2222-2222-222222222222";

/** The client id that the managed identity in the SDK's chain has; `undefined` for the system-assigned one. */
function identityIn(credential: object): unknown {
  const chain: unknown = Reflect.get(credential, "_sources");
  const found = Array.isArray(chain) ? chain.find((one) => one instanceof ManagedIdentityCredential) : undefined;
  return found && Reflect.get(found, "clientId");
}

describe("what reads the vault by default", () => {
  it.each([
    ["App Service", { IDENTITY_ENDPOINT: "http://127.0.0.1:1", IDENTITY_HEADER: "secret" }],
    ["an emulated machine", { AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://127.0.0.1:1" }],
  ])("is the managed identity on %s", async (_host, env) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const credential = await defaultCredential(undefined);
    expect(credential).toBeInstanceOf(ManagedIdentityCredential);
    expect(credential).not.toBeInstanceOf(ChainedTokenCredential);
  });

  it("is DefaultAzureCredential elsewhere, whose managed identity is the named one", async () => {
    vi.stubEnv("AZURE_CLIENT_ID", APPLICATION);
    vi.stubEnv("MTLS_POP_MANAGED_IDENTITY_CLIENT_ID", IDENTITY);
    const credential = await defaultCredential(undefined);
    expect(credential).toBeInstanceOf(DefaultAzureCredential);
    expect(identityIn(credential)).toBe(IDENTITY);
  });

  it("does not take AZURE_CLIENT_ID for the identity's where none is named, as DefaultAzureCredential by itself does", async () => {
    vi.stubEnv("AZURE_CLIENT_ID", APPLICATION);
    expect(identityIn(new DefaultAzureCredential())).toBe(APPLICATION);
    expect(identityIn(await defaultCredential(undefined))).toBeUndefined();
    expect(identityIn(await defaultCredential("system-assigned"))).toBeUndefined();
  });

  it("takes an object id, which DefaultAzureCredential does not know", async () => {
    expect(await defaultCredential({ userAssignedObjectId: IDENTITY })).toBeInstanceOf(ManagedIdentityCredential);
  });
});
