import { describe, expect, it } from "vitest";
import { Identity, identityRule, type ManagedIdentityId } from "../../src/managed-identity/managed-identity-id.js";

const ID = "6325cd32-9911-41f3-819c-416cdf9104e7";
const RESOURCE = "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Übersee";

describe("a managed identity", () => {
  it.each([
    ["system-assigned", {}, {}, {}],
    [{ userAssignedClientId: ID }, { client_id: ID }, { client_id: ID }, { client_id: ID }],
    [{ userAssignedResourceId: RESOURCE }, { msi_res_id: RESOURCE }, { mi_res_id: RESOURCE }, { mi_res_id: RESOURCE }],
    [{ userAssignedObjectId: ID }, { object_id: ID }, { object_id: ID }, { principal_id: ID }],
  ] as const)("%j is %j to IMDSv1, %j to IMDSv2 and %j to App Service", (id, v1, v2, appService) => {
    const identity = new Identity(id);
    expect(identityRule.test(id)).toBe(true);
    expect(identity.query("imds-v1")).toEqual(v1);
    expect(identity.query("imds-v2")).toEqual(v2);
    expect(identity.query("app-service")).toEqual(appService);
  });

  it("has a key of its own, by its kind and its id to the letter", () => {
    const ids = [
      "system-assigned",
      { userAssignedClientId: ID },
      { userAssignedObjectId: ID },
      { userAssignedResourceId: ID },
      { userAssignedResourceId: "/groups/k" },
      // KELVIN SIGN, which lower-cases to k
      { userAssignedResourceId: "/groups/\u212a" },
    ] as const satisfies readonly ManagedIdentityId[];
    expect(new Set(ids.map((id) => new Identity(id).key)).size).toBe(ids.length);
  });

  it("stays what it is when the caller's object changes", () => {
    const id = { userAssignedClientId: ID };
    const identity = new Identity(id);
    id.userAssignedClientId = "another";
    expect(identity.query("imds-v2")).toEqual({ client_id: ID });
    expect(identity.clientId).toBe(ID);
  });

  it("is named in words, by its id", () => {
    expect(new Identity("system-assigned").describe()).toBe("the system-assigned identity");
    expect(new Identity({ userAssignedObjectId: ID } satisfies ManagedIdentityId).describe()).toContain(ID);
  });

  it.each<unknown>([
    "",
    ID,
    "user-assigned",
    null,
    7,
    [],
    {},
    { clientId: ID },
    { userAssignedClientId: "" },
    { userAssignedClientId: 7 },
    { userAssignedClientId: undefined },
    { userAssignedClientId: "a b" },
    { userAssignedClientId: "a\n" },
    { userAssignedClientId: "a\u0000" },
    { userAssignedClientId: "x".repeat(1001) },
    { userAssignedClientId: ID, userAssignedObjectId: ID },
    { toString: ID },
  ])("is not %j", (id) => {
    expect(identityRule.test(id)).toBe(false);
  });
});
