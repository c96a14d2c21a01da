import { createHash, generateKeyPairSync } from "node:crypto";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../src/index.js";
import { boundCaller } from "../bound-caller.js";
import { clientOf, postForm, tokenEndpoint } from "../token-request.js";
import { type Machine, machineOf } from "./machine-client.js";

const EXCHANGE = "api://AzureADTokenExchange/.default";
const JWT_POP = "urn:ietf:params:oauth:client-assertion-type:jwt-pop";
const OTHER_TENANT = "99999999-2222-3333-4444-555555555555";

let emulator: Emulator;
let machine: Machine;
beforeAll(async () => {
  emulator = await startEmulator({ tenants: [OTHER_TENANT] });
  machine = await machineOf(emulator);
});
beforeEach(() => emulator.faults.clear());
afterAll(async () => {
  machine.client.close();
  await emulator.close();
});

const thumbprint = ({ certificate }: Machine): string => createHash("sha256").update(certificate.raw).digest("base64url");
const refusal = (code: number, error = "invalid_client") => ({ error, error_codes: [code] });

describe("flow (3), a managed identity's token", () => {
  it("is bound to the issued certificate and says whose it is", async () => {
    const { token_type, access_token } = await machine.ask();
    const { clientId, objectId, tenantId } = emulator.managedIdentities.systemAssigned;
    expect(token_type).toBe("mtls_pop");
    expect(decodeJwt(String(access_token))).toMatchObject({
      aud: "https://vault.azure.net",
      appid: clientId,
      azp: clientId,
      oid: objectId,
      sub: objectId,
      tid: tenantId,
      idtyp: "app",
      cnf: { "x5t#S256": thumbprint(machine) },
    });
  });

  it("is taken by Graph over a connection with that certificate", async () => {
    const { access_token } = await machine.ask({ scope: "https://graph.microsoft.com/.default" });
    const headers = { authorization: `mtls_pop ${access_token}` };
    expect((await machine.client.get(`${emulator.graph.url}/v1.0/applications`, { headers })).status).toBe(200);
  });

  it("MI-12 is a Bearer token when `bearer` is asked for", async () => {
    const { token_type, access_token } = await machine.ask({ token_type: "bearer" });
    expect(token_type).toBe("Bearer");
    expect(decodeJwt(String(access_token))).not.toHaveProperty("cnf");
  });

  it("is had in a region too", async () => {
    expect(await machine.ask({}, "westus3.mtlsauth.emulator.localhost")).toMatchObject({ token_type: "mtls_pop" });
  });

  it("has the claims that a challenge asks for", async () => {
    const claims = JSON.stringify({ access_token: { xms_cc: { values: ["cp1"] } } });
    expect(decodeJwt(String((await machine.ask({ claims }))["access_token"]))).toMatchObject({ xms_cc: ["cp1"] });
  });

  it("meets the faults of the token endpoint", async () => {
    emulator.faults.add({ on: "token", kind: "downgrade" });
    expect(await machine.ask()).toMatchObject({ token_type: "Bearer" });
  });

  it.each<[string, Readonly<Record<string, string>>, object]>([
    ["a resource that takes no bound tokens", { scope: "https://management.azure.com/.default" }, refusal(392196, "invalid_resource")],
    ["another kind of token", { token_type: "pop" }, refusal(9002313, "invalid_request")],
    ["an empty kind of token", { token_type: "" }, refusal(9002313, "invalid_request")],
    ["an assertion", { client_assertion: "x", client_assertion_type: JWT_POP }, refusal(9002313, "invalid_request")],
    ["a field of no flow", { resource: "https://vault.azure.net" }, refusal(9002313, "invalid_request")],
    ["a scope without /.default", { scope: "https://vault.azure.net" }, refusal(1002012, "invalid_scope")],
  ])("is refused for %s", async (_what, fields, expected) => {
    expect(await machine.ask(fields)).toMatchObject(expected);
  });

  it("is refused when the request does not say which kind of token", async () => {
    const { client_id, tenant_id } = machine.credential;
    const form = { client_id, grant_type: "client_credentials", scope: EXCHANGE };
    const answer = await postForm(machine.client, tokenEndpoint({ ...emulator, tenantId: tenant_id }), form);
    expect(answer.json()).toMatchObject({ error_description: expect.stringContaining("'token_type'") });
  });

  it("is refused without a certificate", async () => {
    const client = clientOf(emulator);
    const { client_id } = machine.credential;
    const form = { client_id, grant_type: "client_credentials", scope: EXCHANGE, token_type: "mtls_pop" };
    expect((await postForm(client, tokenEndpoint(emulator), form)).json()).toMatchObject(refusal(392200, "invalid_request"));
    client.close();
  });

  it("is refused in another tenant than the identity's", async () => {
    const { client_id } = machine.credential;
    const form = { client_id, grant_type: "client_credentials", scope: EXCHANGE, token_type: "mtls_pop" };
    const answer = await postForm(machine.client, tokenEndpoint({ ...emulator, tenantId: OTHER_TENANT }), form);
    expect(answer.json()).toMatchObject(refusal(700016, "unauthorized_client"));
  });

  it.each(["login.emulator.localhost", "dsts.emulator.localhost"])("is refused at %s", async (host) => {
    const { client_id, tenant_id } = machine.credential;
    const path = host.startsWith("dsts") ? `dstsv2/${tenant_id}` : tenant_id;
    const url = tokenEndpoint({ ...emulator, tenantId: path }, host);
    const form = { client_id, grant_type: "client_credentials", scope: EXCHANGE, token_type: "mtls_pop" };
    expect((await postForm(machine.client, url, form)).json()).toMatchObject(refusal(7000218));
  });

  it("MI-04 is refused with the certificate of another identity", async () => {
    const { clientId } = emulator.managedIdentities.register();
    const answer = await machine.ask({ client_id: clientId });
    expect(answer).toMatchObject(refusal(700027));
    expect(answer["error_description"]).toContain(`It was issued for 'DC=${emulator.tenantId}, CN=${machine.credential.client_id}'`);
  });

  it("is refused with a certificate that looks the same and was not issued by the metadata service", async () => {
    const { clientId, tenantId } = emulator.managedIdentities.systemAssigned;
    const impostor = await emulator.issueCertificate({ subject: `DC=${tenantId},CN=${clientId}`, keyType: "EC-P256" });
    const client = clientOf(emulator, impostor);
    const form = { client_id: clientId, grant_type: "client_credentials", scope: EXCHANGE, token_type: "mtls_pop" };
    const answer = (await postForm(client, tokenEndpoint(emulator), form)).json();
    expect(answer).toMatchObject({
      ...refusal(700027),
      error_description: expect.stringContaining("was not issued for a managed identity"),
    });
    client.close();
  });

  it("MI-06 is refused with a revoked certificate, as invalid_client, and had again with a new one", async () => {
    const { clientId } = emulator.managedIdentities.register();
    const first = await machineOf(emulator, { client_id: clientId });
    emulator.revokeCertificate(first.certificate.raw);
    expect(await first.ask()).toMatchObject(refusal(7000214));
    const second = await machineOf(emulator, { client_id: clientId });
    expect(await second.ask()).toMatchObject({ token_type: "mtls_pop" });
    first.client.close();
    second.client.close();
  });

  it("is refused with a certificate that has expired", async () => {
    emulator.managedIdentities.certificateLifeSeconds = -60;
    const { clientId } = emulator.managedIdentities.register();
    const expired = await machineOf(emulator, { client_id: clientId });
    emulator.managedIdentities.certificateLifeSeconds = 604_800;
    expect(await expired.ask()).toMatchObject(refusal(392204));
    expired.client.close();
  });

  it("is refused when the identity was taken away", async () => {
    const { clientId } = emulator.managedIdentities.register();
    const former = await machineOf(emulator, { client_id: clientId });
    emulator.managedIdentities.remove(clientId);
    expect(await former.ask()).toMatchObject(refusal(700016, "unauthorized_client"));
    former.client.close();
  });

  it("is of the tenant that the identity was registered in", async () => {
    const { clientId } = emulator.managedIdentities.register({ tenantId: OTHER_TENANT });
    const elsewhere = await machineOf(emulator, { client_id: clientId });
    expect(elsewhere.credential.tenant_id).toBe(OTHER_TENANT);
    expect(decodeJwt(String((await elsewhere.ask())["access_token"]))).toMatchObject({ tid: OTHER_TENANT });
    elsewhere.client.close();
  });
});

describe("an application", () => {
  it("may not ask for `bearer`, which managed identities alone say", async () => {
    const caller = await boundCaller(emulator);
    const form = { client_id: caller.clientId, grant_type: "client_credentials", scope: EXCHANGE, token_type: "bearer" };
    expect((await postForm(caller.client(), tokenEndpoint(emulator), form)).json()).toMatchObject(refusal(9002313, "invalid_request"));
    caller.close();
  });

  it("may not use a certificate that was issued for a managed identity", async () => {
    const caller = await boundCaller(emulator);
    expect(await machine.ask({ client_id: caller.clientId })).toMatchObject(refusal(700027));
    caller.close();
  });
});

describe("flows (4) and (5) with a managed identity as leg 1", () => {
  const legTwo = "leg-two";
  beforeAll(() => {
    const { objectId } = emulator.managedIdentities.systemAssigned;
    emulator.applications.register({ clientId: legTwo, trust: "thumbprint", federatedSubjects: [objectId] });
  });

  const legOne = async (from = machine): Promise<string> => String((await from.ask({ scope: EXCHANGE }))["access_token"]);

  /** Leg 2 over the connection of a machine; a Bearer token without a kind. */
  async function exchange(client_assertion: string, kind: object = { token_type: "mtls_pop" }, from = machine): Promise<unknown> {
    const scope = "https://vault.azure.net/.default";
    const form = { client_id: legTwo, grant_type: "client_credentials", scope, client_assertion, client_assertion_type: JWT_POP, ...kind };
    return (await postForm(from.client, tokenEndpoint(emulator), form)).json();
  }

  it("FIC-01 answers a Bearer token of the application", async () => {
    expect(await exchange(await legOne(), {})).toMatchObject({ token_type: "Bearer" });
  });

  it("FIC-02 answers a token of the application that is bound to leg 1's certificate", async () => {
    const answer = (await exchange(await legOne())) as Record<string, string>;
    expect(answer).toMatchObject({ token_type: "mtls_pop" });
    expect(decodeJwt(String(answer["access_token"]))).toMatchObject({ appid: legTwo, cnf: { "x5t#S256": thumbprint(machine) } });
  });

  it("FIC-08 refuses another certificate than leg 1's, also one of the same identity and key", async () => {
    const renewed = await machineOf(emulator);
    const assertion = await legOne();
    expect(await exchange(assertion, {}, renewed)).toMatchObject(refusal(500181, "invalid_request"));
    expect(await exchange(await legOne(renewed), {}, renewed)).toMatchObject({ token_type: "Bearer" });
    renewed.client.close();
  });

  it("refuses a Bearer leg 1, and a leg 1 for another resource", async () => {
    const bearer = await machine.ask({ scope: EXCHANGE, token_type: "bearer" });
    expect(await exchange(String(bearer["access_token"]))).toMatchObject(refusal(500181, "invalid_request"));
    const vault = await machine.ask();
    expect(await exchange(String(vault["access_token"]))).toMatchObject(refusal(700212));
  });

  it("refuses an identity that the application does not federate with", async () => {
    const { clientId } = emulator.managedIdentities.register();
    const stranger = await machineOf(emulator, { client_id: clientId });
    expect(await exchange(await legOne(stranger), {}, stranger)).toMatchObject(refusal(700213));
    stranger.client.close();
  });

  it("refuses leg 1's certificate once it is revoked", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const lost = await machineOf(emulator, {}, privateKey);
    const assertion = await legOne(lost);
    emulator.revokeCertificate(lost.certificate.raw);
    expect(await exchange(assertion, {}, lost)).toMatchObject(refusal(7000214));
    lost.client.close();
  });

  it("FIC-05 refuses a managed identity as leg 2", async () => {
    const answer = await exchange(await legOne(), { client_id: machine.credential.client_id, token_type: "mtls_pop" });
    expect(answer).toMatchObject(refusal(9002313, "invalid_request"));
  });
});
