import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { ManagedIdentityApplication, type ManagedIdentityOptions } from "@mtls-pop/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { surroundings } from "../direct-flow.js";

// somebody answers in the place of the metadata service, and would like the certificate, or the caller, for himself
const RESOURCE = "https://vault.azure.net";
const AT_ISSUE = { on: "instance-metadata", path: "/metadata/identity/issuecredential" } as const;

let around: Awaited<ReturnType<typeof surroundings>>;
/** His own server; it counts who comes. */
let den: Server;
let visits = 0;
let port: number;
beforeAll(async () => {
  around = await surroundings();
  den = createServer((socket) => {
    visits++;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(den, "listening");
  const address = den.address();
  port = typeof address === "object" && address ? address.port : 0;
});
beforeEach(() => around.emulator.forgetRequests());
afterAll(async () => {
  await around.emulator.close();
  den.close();
});

function machine(over: ManagedIdentityOptions = {}): ManagedIdentityApplication {
  const { emulator, knownAuthorities, transport } = around;
  const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: emulator.instanceMetadata.url };
  return new ManagedIdentityApplication({ env, knownAuthorities, transport, ...over });
}

const acquireBound = (application: ManagedIdentityApplication) =>
  application.acquireToken({ resource: RESOURCE, mtlsProofOfPossession: true });

describe("who answers in the place of the metadata service", () => {
  it.each([
    ["a server of his own", () => `https://127.0.0.1:${port}`, "untrusted_authority"],
    ["a name that resembles Entra's", () => `https://mtlsauth.microsoft.com.localhost:${port}`, "untrusted_authority"],
    ["his server without TLS", () => `http://127.0.0.1:${port}`, "invalid_managed_identity_response"],
    [
      "Entra's name as the user of his server",
      () => `https://mtlsauth.microsoft.com@127.0.0.1:${port}`,
      "invalid_managed_identity_response",
    ],
  ] as const)("cannot have the certificate presented to %s", async (_, endpoint, code) => {
    around.emulator.faults.add({ ...AT_ISSUE, kind: "wrong-endpoint", endpoint: endpoint() });
    const application = machine();
    await expect(acquireBound(application)).rejects.toMatchObject({ code });
    expect(application.bindingCertificate()).toBeUndefined();
    expect(visits).toBe(0);
  });

  it("cannot have another certificate used than one for the caller's own key", async () => {
    around.emulator.faults.add({ ...AT_ISSUE, kind: "wrong-key" });
    await expect(acquireBound(machine())).rejects.toMatchObject({ code: "invalid_managed_identity_response" });
    expect(around.requestsTo("token")).toEqual([]);
  });

  it("cannot have a certificate of another identity used than the one that was named, nor a Bearer token that says whose it is", async () => {
    const { instanceMetadata, managedIdentities } = around.emulator;
    const { clientId, tenantId } = managedIdentities.register();
    const named = machine({ identity: { userAssignedClientId: clientId } });
    const another = "00000000-0000-0000-0000-0000000000c3";
    const metadata = { cuId: { vmId: "vm" }, clientId: another, tenantId, attestationEndpoint: `https://127.0.0.1:${port}` };
    instanceMetadata.answerNext({ status: 200, body: JSON.stringify(metadata) });
    await expect(acquireBound(named)).rejects.toMatchObject({ code: "invalid_managed_identity_response" });
    const token = { access_token: "a.b.c", token_type: "Bearer", expires_in: 3600, client_id: another };
    instanceMetadata.answerNext({ status: 200, body: JSON.stringify(token) });
    await expect(named.acquireToken({ resource: RESOURCE })).rejects.toMatchObject({ code: "invalid_managed_identity_response" });
  });

  it("cannot talk a caller who attests out of it", async () => {
    const attestation = async () => Promise.reject(new Error("the endpoint does not answer"));
    await expect(acquireBound(machine({ attestation }))).rejects.toMatchObject({ code: "attestation_failed" });
    expect(around.emulator.requests.filter(({ path }) => path === AT_ISSUE.path)).toEqual([]);
  });

  it("meets in all other cases a caller who is served, so that the refusals above mean something", async () => {
    expect(await acquireBound(machine())).toMatchObject({ tokenType: "mtls_pop" });
  });
});
