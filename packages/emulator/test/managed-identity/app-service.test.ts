import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Emulator, type ManagedIdentity, startEmulator } from "../../src/index.js";
import { askHttp, type HttpAnswer } from "../http-client.js";

const VAULT = "https://vault.azure.net";

let emulator: Emulator;
let user: ManagedIdentity;
beforeAll(async () => {
  emulator = await startEmulator();
  user = emulator.managedIdentities.register();
});
beforeEach(() => {
  emulator.faults.clear();
  emulator.forgetRequests();
});
afterAll(() => emulator.close());

function ask(
  query: Readonly<Record<string, string>> = {},
  headers?: Readonly<Record<string, string>>,
  method?: string,
): Promise<HttpAnswer> {
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = emulator.appService.environment;
  const { origin, pathname } = new URL(IDENTITY_ENDPOINT);
  const search = new URLSearchParams({ "api-version": "2019-08-01", resource: VAULT, ...query });
  return askHttp(origin, `${pathname}?${search}`, {
    headers: headers ?? { "x-identity-header": IDENTITY_HEADER },
    ...(method && { method }),
  });
}

const refused = (statusCode: number, message: string) => ({ status: statusCode, body: { statusCode, message } });

describe("the endpoint of App Service", () => {
  it("answers a Bearer token, with its end as a string of epoch seconds", async () => {
    const { status, body } = await ask();
    const { clientId, objectId } = emulator.managedIdentities.systemAssigned;
    expect(status).toBe(200);
    const answer = body as Record<string, string>;
    const claims = decodeJwt(String(answer["access_token"]));
    expect(claims).toMatchObject({ aud: VAULT, appid: clientId, oid: objectId, idtyp: "app" });
    expect(answer).toEqual({
      access_token: expect.any(String),
      expires_on: String(claims.exp),
      resource: VAULT,
      token_type: "Bearer",
      client_id: clientId,
    });
  });

  it("MI-04 answers for the identity that client_id, principal_id, its alias object_id, or mi_res_id name", async () => {
    const { clientId, objectId, resourceId } = user;
    for (const query of [{ client_id: clientId }, { principal_id: objectId }, { object_id: objectId }, { mi_res_id: resourceId }]) {
      expect((await ask(query)).body).toMatchObject({ client_id: user.clientId });
    }
  });

  it("MI-04 refuses msi_res_id, which belongs to another endpoint", async () => {
    const known = "client_id, principal_id, object_id, mi_res_id";
    expect(await ask({ msi_res_id: "x" })).toMatchObject(
      refused(400, `The parameter 'msi_res_id' is not supported here; an identity is specified by ${known}`),
    );
  });

  it("refuses an identity that the app does not have, in the platform's words", async () => {
    const message = "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.";
    expect(await ask({ client_id: "nobody" })).toMatchObject(refused(400, message));
  });

  it("wants its secret, its version, a resource, GET and its path", async () => {
    for (const headers of [{}, { "x-identity-header": "guess" }, { metadata: "true" }]) {
      expect(await ask({}, headers)).toMatchObject(refused(401, "The X-IDENTITY-HEADER is missing or is not the one of this app."));
    }
    expect(await ask({ "api-version": "2017-09-01" })).toMatchObject(refused(400, "The api-version '2017-09-01' is not 2019-08-01."));
    expect(await ask({ resource: "" })).toMatchObject(refused(400, "The resource is missing."));
    expect((await ask({}, undefined, "POST")).status).toBe(404);
    expect((await askHttp(new URL(emulator.appService.environment.IDENTITY_ENDPOINT).origin, "/msi")).status).toBe(404);
  });

  it("stands in the record, and meets faults", async () => {
    emulator.faults.add({ on: "app-service", kind: "unavailable", retryAfterSeconds: 2 });
    expect(await ask()).toMatchObject({ status: 503, headers: { "retry-after": "2" } });
    expect((await ask()).status).toBe(200);
    expect(emulator.requests.map(({ server, path, status }) => [server, path, status])).toEqual([
      ["app-service", "/msi/token", 503],
      ["app-service", "/msi/token", 200],
    ]);
  });
});
