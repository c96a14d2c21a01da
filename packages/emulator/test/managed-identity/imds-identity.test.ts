import { randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Emulator, type ManagedIdentity, startEmulator } from "../../src/index.js";
import { askHttp, type HttpAnswer } from "../http-client.js";
import { askImds, type Query } from "./machine-client.js";

const VAULT = "https://vault.azure.net";
const V1 = { "api-version": "2018-02-01", resource: VAULT };
const V2 = { "cred-api-version": "2.0" };

let emulator: Emulator;
let user: ManagedIdentity;
beforeAll(async () => {
  emulator = await startEmulator();
  user = emulator.managedIdentities.register({ resourceId: "/subscriptions/1/resourcegroups/a/providers/b/c" });
});
beforeEach(() => {
  emulator.faults.clear();
  emulator.forgetRequests();
});
afterAll(() => emulator.close());

const token = (query: Query = {}): Promise<HttpAnswer> => askImds(emulator, "oauth2/token", { ...V1, ...query });
const metadata = (query: Query = {}): Promise<HttpAnswer> => askImds(emulator, "getplatformmetadata", { ...V2, ...query });
const refused = (error_description: string, error = "invalid_request") => ({ status: 400, body: { error, error_description } });

describe("IMDSv1", () => {
  it("answers a Bearer token of the machine's own identity, with its times as strings", async () => {
    const { status, body, headers } = await token();
    const { clientId, objectId } = emulator.managedIdentities.systemAssigned;
    expect([status, headers["server"]]).toEqual([200, "IMDS/150.870.65.1854"]);
    const answer = body as Record<string, string>;
    expect(answer).toMatchObject({
      client_id: clientId,
      resource: VAULT,
      token_type: "Bearer",
      expires_in: "3599",
      ext_expires_in: "3599",
    });
    const claims = decodeJwt(String(answer["access_token"]));
    expect(claims).toMatchObject({ aud: VAULT, appid: clientId, oid: objectId, sub: objectId, idtyp: "app", tid: emulator.tenantId });
    expect(claims).not.toHaveProperty("cnf");
    expect([answer["expires_on"], answer["not_before"]]).toEqual([String(claims.exp), String(claims.nbf)]);
  });

  it("MI-04 answers for the identity that client_id, object_id or msi_res_id name, in any case", async () => {
    for (const query of [
      { client_id: user.clientId.toUpperCase() },
      { object_id: user.objectId },
      { msi_res_id: user.resourceId.replace("resourcegroups", "resourceGroups") },
    ]) {
      expect(await token(query)).toMatchObject({ status: 200, body: { client_id: user.clientId } });
    }
  });

  it.each(["mi_res_id", "principal_id"])("MI-04 refuses %s, which belongs to other endpoints", async (name) => {
    expect(await token({ [name]: "x" })).toMatchObject(
      refused(`The parameter '${name}' is not supported here; an identity is specified by client_id, object_id, msi_res_id`),
    );
  });

  it("refuses two names at once, and an identity that the machine does not have", async () => {
    expect(await token({ client_id: user.clientId, object_id: user.objectId })).toMatchObject(
      refused("More than one identity is specified: client_id, object_id"),
    );
    expect(await token({ client_id: randomUUID() })).toMatchObject(refused("Identity not found"));
    expect(await token({ client_id: "" })).toMatchObject(refused("Identity not found"));
  });

  it("wants its header, its version, a resource and GET", async () => {
    const path = `/metadata/identity/oauth2/token?${new URLSearchParams(V1)}`;
    for (const headers of [{}, { metadata: "True" }]) {
      const answer = await askHttp(emulator.instanceMetadata.url, path, { headers });
      expect(answer).toMatchObject(refused("Required metadata header not specified", "bad_request_102"));
    }
    expect(await token({ "api-version": "2019-08-01" })).toMatchObject(refused("The api-version '2019-08-01' is not 2018-02-01"));
    expect(await token({ resource: "" })).toMatchObject(refused("Required audience parameter not specified"));
    expect((await askImds(emulator, "oauth2/token", V1, {})).status).toBe(405);
  });

  it("is all there is on an older machine, whose paths of version 2 are not there", async () => {
    emulator.managedIdentities.imdsVersion = 1;
    expect((await token()).status).toBe(200);
    expect((await metadata()).status).toBe(404);
    expect((await askImds(emulator, "issuecredential", V2, {})).status).toBe(404);
    emulator.managedIdentities.imdsVersion = 2;
    expect((await metadata()).status).toBe(200);
  });
});

describe("a machine without an identity of its own", () => {
  it("answers for the only one attached, refuses when there are several and when there is none", async () => {
    await using other = await startEmulator();
    const { managedIdentities } = other;
    managedIdentities.systemAssignedEnabled = false;
    const ask = () => askImds(other, "oauth2/token", V1);
    expect(await ask()).toMatchObject(refused("Identity not found"));
    const first = managedIdentities.register();
    expect(await ask()).toMatchObject({ status: 200, body: { client_id: first.clientId } });
    managedIdentities.register({ clientId: "second" });
    expect(await ask()).toMatchObject(
      refused("Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"),
    );
    expect(managedIdentities.remove("SECOND")).toBe(true);
    expect(managedIdentities.remove("second")).toBe(false);
    expect((await ask()).status).toBe(200);
  });
});

describe("getplatformmetadata", () => {
  it("MI-01 tells the machine's ids, the identity, its tenant and where keys are attested", async () => {
    const { vmId } = emulator.instanceMetadata;
    const { clientId, tenantId } = emulator.managedIdentities.systemAssigned;
    const body = { cuId: { vmId }, clientId, tenantId, attestationEndpoint: emulator.attestation.url };
    expect(await metadata()).toMatchObject({ status: 200, body, headers: { server: expect.stringContaining("IMDS") } });
  });

  it("leaves an id out that there is none of", async () => {
    const { instanceMetadata } = emulator;
    const { vmId } = instanceMetadata;
    instanceMetadata.vmId = "";
    instanceMetadata.vmssId = "scale-set";
    expect((await metadata()).body).toHaveProperty("cuId", { vmssId: "scale-set" });
    instanceMetadata.vmId = vmId;
    instanceMetadata.vmssId = "";
  });

  it("MI-04 answers for the identity that client_id, object_id or mi_res_id name", async () => {
    for (const query of [{ client_id: user.clientId }, { object_id: user.objectId }, { mi_res_id: user.resourceId }]) {
      expect((await metadata(query)).body).toMatchObject({ clientId: user.clientId });
    }
  });

  it.each(["msi_res_id", "principal_id"])("MI-04 refuses %s, which belongs to other endpoints", async (name) => {
    expect(await metadata({ [name]: "x" })).toMatchObject(
      refused(`The parameter '${name}' is not supported here; an identity is specified by client_id, object_id, mi_res_id`),
    );
  });

  it("refuses an identity that the machine does not have", async () => {
    expect(await metadata({ mi_res_id: "/subscriptions/2" })).toMatchObject(refused("Identity not found"));
  });

  it("wants its version, a GUID as request id, its header and GET", async () => {
    expect(await metadata({ "cred-api-version": "1.0" })).toMatchObject(refused("The cred-api-version '1.0' is not 2.0"));
    const path = `/metadata/identity/getplatformmetadata?${new URLSearchParams(V2)}`;
    for (const id of [{}, { "x-ms-client-request-id": "1" }]) {
      const answer = await askHttp(emulator.instanceMetadata.url, path, { headers: { metadata: "true", ...id } });
      expect(answer).toMatchObject(refused("The header x-ms-client-request-id is not a GUID"));
    }
    const bare = await askHttp(emulator.instanceMetadata.url, path, { headers: { "x-ms-client-request-id": randomUUID() } });
    expect(bare).toMatchObject(refused("Required metadata header not specified", "bad_request_102"));
    expect((await askImds(emulator, "getplatformmetadata", V2, {})).status).toBe(405);
  });

  it("MI-01 comes with another Server header, or none, where a test says so", async () => {
    const { instanceMetadata } = emulator;
    const usual = instanceMetadata.serverHeader;
    for (const [value, found] of [
      ["", undefined],
      ["nginx", "nginx"],
    ] as const) {
      instanceMetadata.serverHeader = value;
      expect((await metadata()).headers["server"]).toBe(found);
    }
    instanceMetadata.serverHeader = usual;
  });
});

describe("an identity", () => {
  it.each<[object, string]>([
    [{ clientID: "x" }, "A managed identity has no `clientID`. Known: clientId, objectId, resourceId, tenantId."],
    [{ objectId: 1 }, "A managed identity's `objectId` is a non-empty string."],
    [{ tenantId: "" }, "A managed identity's `tenantId` is a non-empty string."],
  ])("is not registered from %j", (options, message) => {
    expect(() => emulator.managedIdentities.register(options)).toThrow(message);
  });

  it("is replaced when its client id comes again", () => {
    const { clientId } = emulator.managedIdentities.register({ clientId: "again" });
    const { objectId } = emulator.managedIdentities.register({ clientId: "AGAIN" });
    expect(emulator.managedIdentities.get(clientId)).toMatchObject({ objectId });
    emulator.managedIdentities.remove("again");
  });
});

describe("faults of the metadata service", () => {
  it("MI-09 are met by the requests of one path, and stand in the record", async () => {
    const path = "/metadata/identity/getplatformmetadata";
    emulator.faults.add({ on: "instance-metadata", kind: "throttle", retryAfterSeconds: 7, path });
    emulator.faults.add({ on: "instance-metadata", kind: "unavailable", path });
    expect((await token()).status).toBe(200);
    const throttled = await metadata();
    expect(throttled).toMatchObject({ status: 429, headers: { "retry-after": "7", server: expect.stringContaining("IMDS") } });
    expect((await metadata()).status).toBe(503);
    expect((await metadata()).status).toBe(200);
    expect(emulator.requests.map((request) => [request.server, request.path, request.status])).toEqual([
      ["instance-metadata", "/metadata/identity/oauth2/token", 200],
      ["instance-metadata", path, 429],
      ["instance-metadata", path, 503],
      ["instance-metadata", path, 200],
    ]);
  });

  it("MI-09 are no answer, no JSON, or a late answer", async () => {
    emulator.faults.add({ on: "instance-metadata", kind: "reset" });
    await expect(metadata()).rejects.toMatchObject({ code: "ECONNRESET" });
    emulator.faults.add({ on: "instance-metadata", kind: "bad-json" });
    await expect(metadata()).rejects.toThrow(SyntaxError);
    emulator.faults.add({ on: "instance-metadata", kind: "latency", delayMs: 1 });
    expect((await metadata()).status).toBe(200);
    expect(emulator.requests.map(({ status }) => status)).toEqual([undefined, 200, 200]);
  });

  it("end with the emulator, also where they hang or wait", async () => {
    const other = await startEmulator();
    other.faults.add({ on: "instance-metadata", kind: "hang" });
    other.faults.add({ on: "instance-metadata", kind: "latency", delayMs: 1_000_000 });
    const asked = [1, 2].map(() => expect(askImds(other, "oauth2/token", V1)).rejects.toMatchObject({ code: "ECONNRESET" }));
    while (other.requests.length < 2) await new Promise(setImmediate);
    await other.close();
    await Promise.all(asked);
  });
});
