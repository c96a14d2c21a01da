import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ImdsClient } from "../../src/managed-identity/imds-request.js";
import { Identity, type ManagedIdentityId } from "../../src/managed-identity/managed-identity-id.js";
import { fetchPlatformMetadata } from "../../src/managed-identity/platform-metadata.js";
import { refusal } from "../certificate/authority.js";
import { TestClock } from "../emulated.js";
import { startMachine } from "./machine.js";

let machine: Awaited<ReturnType<typeof startMachine>>;
beforeAll(async () => {
  machine = await startMachine();
});
beforeEach(() => machine.reset());
afterAll(() => machine.close());

function fetchMetadata(id: ManagedIdentityId = "system-assigned", clock: TestClock = new TestClock()) {
  const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: machine.emulator.instanceMetadata.url };
  const imds = new ImdsClient({ transport: machine.transport, clock, env });
  const { signal } = new AbortController();
  return fetchPlatformMetadata(imds, new Identity(id), { correlationId: randomUUID(), signal, nowMs: clock.now });
}

const complete = {
  cuId: { vmId: "vm", vmssId: "set" },
  clientId: "6325cd32-9911-41f3-819c-416cdf9104e7",
  tenantId: "751a212b-4003-416e-b600-e1f48e40db9f",
  attestationEndpoint: "https://attestation.example",
};

/** What a changed answer is refused with. */
function refusalOf(changes: object) {
  machine.emulator.instanceMetadata.answerNext({ status: 200, body: JSON.stringify({ ...complete, ...changes }) });
  return refusal(fetchMetadata());
}

describe("the platform metadata", () => {
  it("MI-01 is asked for at its URL, with the headers that the service wants", async () => {
    const { systemAssigned } = machine.emulator.managedIdentities;
    const { vmId } = machine.emulator.instanceMetadata;
    const metadata = await fetchMetadata();
    expect(metadata).toEqual({
      cuId: { vmId, vmssId: undefined },
      clientId: systemAssigned.clientId,
      tenantId: systemAssigned.tenantId,
      attestationEndpoint: machine.emulator.attestation.url,
    });
    const [call, ...more] = machine.calls("getplatformmetadata");
    expect(more).toEqual([]);
    expect(call).toMatchObject({
      method: "GET",
      path: "/metadata/identity/getplatformmetadata",
      query: { "cred-api-version": "2.0" },
      headers: { metadata: "true", "x-ms-client-request-id": expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) },
    });
  });

  it("MI-01 names a user-assigned identity by the parameter of this endpoint", async () => {
    const identity = machine.emulator.managedIdentities.register();
    const ids = [
      [{ userAssignedClientId: identity.clientId }, { client_id: identity.clientId }],
      [{ userAssignedObjectId: identity.objectId }, { object_id: identity.objectId }],
      [{ userAssignedResourceId: identity.resourceId }, { mi_res_id: identity.resourceId }],
    ] as const;
    for (const [id, parameter] of ids) {
      expect((await fetchMetadata(id)).clientId).toBe(identity.clientId);
      expect(machine.calls("getplatformmetadata").at(-1)?.query).toEqual({ "cred-api-version": "2.0", ...parameter });
    }
  });

  it.each(["IMDS/150.870.65.1854", "imds", "Microsoft-Imds/2"])(
    "MI-01 is taken from a server that calls itself %s",
    async (serverHeader) => {
      machine.emulator.instanceMetadata.serverHeader = serverHeader;
      expect((await fetchMetadata()).clientId).toBe(machine.emulator.managedIdentities.systemAssigned.clientId);
    },
  );

  it.each(["", "nginx"])("MI-01 is refused from a server that calls itself '%s'", async (serverHeader) => {
    machine.emulator.instanceMetadata.serverHeader = serverHeader;
    const error = await refusal(fetchMetadata());
    expect(error).toMatchObject({ code: "invalid_managed_identity_response" });
    expect(error.message).toContain("its `Server` header does not say IMDS");
  });

  it.each(["cuId", "clientId", "tenantId", "attestationEndpoint"])("MI-01 is refused without `%s`", async (name) => {
    for (const value of [undefined, null]) {
      const error = await refusalOf({ [name]: value });
      expect(error).toMatchObject({ code: "invalid_managed_identity_response", kind: "client" });
      expect(error.message).toContain(`has no \`${name}\``);
    }
  });

  it.each([
    ["a `cuId` without ids", { cuId: {} }, "with neither `vmId` nor `vmssId`"],
    ["a `cuId` with empty ids", { cuId: { vmId: "", vmssId: null } }, "with neither `vmId` nor `vmssId`"],
    ["a `cuId` that is a text", { cuId: "vm" }, "has no usable `cuId`"],
    ["an id that is a number", { cuId: { vmId: 7 } }, "without a usable `vmId`"],
    ["a client id that would be more than a name", { clientId: "a/b" }, "has no usable `clientId`"],
    ["a tenant that would be another path", { tenantId: "../common" }, "has no usable `tenantId`"],
  ])("MI-01 is refused with %s", async (_, changes, words) => {
    const error = await refusalOf(changes);
    expect(error.code).toBe("invalid_managed_identity_response");
    expect(error.message).toContain(words);
  });

  it.each(["attest", "http://attest.example", "file:///attest", "https://user@attest.example", "https://attest.example?a=b", "a.b\n"])(
    "MI-01 is refused with the attestation endpoint %j",
    async (attestationEndpoint) => {
      const error = await refusalOf({ attestationEndpoint });
      expect(error.code).toBe("invalid_managed_identity_response");
      expect(error.message).toContain("has no usable `attestationEndpoint`");
    },
  );

  it.each([
    ["https://shared.eus.attest.example", "https://shared.eus.attest.example"],
    ["https://shared.eus.attest.example:8443/", "https://shared.eus.attest.example:8443/"],
    ["shared.eus.attest.example", "https://shared.eus.attest.example"],
  ])("is taken with the attestation endpoint %j, a host alone too", async (attestationEndpoint, read) => {
    machine.emulator.instanceMetadata.answerNext({ status: 200, body: JSON.stringify({ ...complete, attestationEndpoint }) });
    expect((await fetchMetadata()).attestationEndpoint).toBe(read);
  });

  it("is taken with the id of a scale set alone", async () => {
    machine.emulator.instanceMetadata.answerNext({ status: 200, body: JSON.stringify({ ...complete, cuId: { vmssId: "set" } }) });
    expect((await fetchMetadata()).cuId).toEqual({ vmId: undefined, vmssId: "set" });
  });

  it.each(["", "<html>", "[]", "null"])("is refused when its body is %j", async (body) => {
    machine.emulator.instanceMetadata.answerNext({ status: 200, body });
    expect(await refusal(fetchMetadata())).toMatchObject({ code: "invalid_managed_identity_response" });
  });

  it("is refused when it is for another identity than the one that was named", async () => {
    machine.emulator.instanceMetadata.answerNext({ status: 200, body: JSON.stringify(complete) });
    const error = await refusal(fetchMetadata({ userAssignedClientId: "0b5b6c1e-7a07-4ff5-8f5c-1d6b2b8f0c11" }));
    expect(error.code).toBe("invalid_managed_identity_response");
    expect(error.message).toContain(complete.clientId);
  });

  it("MI-08 of a host with the first version alone is an error that says so, at the first 404, with the ways out", async () => {
    machine.emulator.managedIdentities.imdsVersion = 1;
    const clock = new TestClock();
    const error = await refusal(fetchMetadata("system-assigned", clock));
    expect(error).toMatchObject({ code: "mtls_pop_token_not_supported_in_imds_v1", kind: "client", statusCode: 404 });
    expect(error.message).toContain("first version");
    expect(error.help).toMatch(/second version.*ConfidentialClientApplication.*Bearer token/);
    expect(clock.slept).toEqual([]);
    expect(machine.calls("getplatformmetadata")).toHaveLength(1);
  });

  it("quotes the service's own refusal", async () => {
    const error = await refusal(fetchMetadata({ userAssignedClientId: randomUUID() }));
    expect(error).toMatchObject({ code: "managed_identity_error", kind: "service", statusCode: 400 });
    expect(error.message).toContain("Identity not found");
  });
});
