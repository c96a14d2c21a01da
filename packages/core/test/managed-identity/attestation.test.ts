import { generateKeyPairSync } from "node:crypto";
import { request } from "node:https";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exportableKey } from "../../src/certificate/exportable-key.js";
import { type AttestationProvider, type AttestationRequest, AttestationTokens } from "../../src/managed-identity/attestation.js";
import { attestationEndpointOf } from "../../src/managed-identity/attestation-endpoint.js";
import { refusal } from "../certificate/authority.js";
import { TestClock } from "../emulated.js";
import { acquire, gate, sharedKey, startMachine } from "./machine.js";

const MINUTE_MS = 60 * 1000;

let machine: Awaited<ReturnType<typeof startMachine>>;
beforeAll(async () => {
  machine = await startMachine();
});
beforeEach(() => {
  machine.reset();
  machine.emulator.managedIdentities.attestation = "required";
});
afterAll(() => machine.close());

/** A token of the shape of Azure Attestation's. */
function jwt(claims: object): string {
  return ["{}", JSON.stringify(claims), "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".");
}

const question = {
  attestationEndpoint: "https://westus3.attestation.microsoft.com",
  imdsAttestationEndpoint: "https://imds.example",
  clientId: "client",
  tenantId: "tenant",
  publicKey: sharedKey.publicKey,
};

/** Asks the emulated attestation service, whatever region the machine says it is in. */
const emulatedProvider: AttestationProvider = ({ imdsAttestationEndpoint, clientId, publicKey, signal }) =>
  new Promise((resolve, reject) => {
    const { ca, lookup } = machine.emulator;
    const url = new URL("/attest/keyguard", imdsAttestationEndpoint);
    const outgoing = request(url, { method: "POST", agent: false, ca, lookup, signal }, (response) => {
      response.setEncoding("utf8").on("data", (text: string) => resolve(JSON.parse(text).token));
    });
    outgoing.on("error", reject).end(JSON.stringify({ publicKey: publicKey.export({ format: "jwk" }), clientId }));
  });

describe("an attestation", () => {
  it("MI-07 is asked for with everything that a provider needs, and its token goes with the certificate request", async () => {
    const asked: AttestationRequest[] = [];
    const attestation: AttestationProvider = (attested) => {
      asked.push(attested);
      return emulatedProvider(attested);
    };
    const result = await acquire(machine.imdsV2({ attestation }).imdsV2);
    expect(result.tokenType).toBe("mtls_pop");
    const { systemAssigned } = machine.emulator.managedIdentities;
    expect(asked).toEqual([
      {
        attestationEndpoint: "https://westus3.attestation.microsoft.com",
        imdsAttestationEndpoint: machine.emulator.attestation.url,
        clientId: systemAssigned.clientId,
        tenantId: systemAssigned.tenantId,
        publicKey: sharedKey.publicKey,
        signal: expect.any(AbortSignal),
      },
    ]);
    expect(machine.attestations()).toHaveLength(1);
    const body = JSON.parse(String(machine.calls("issuecredential")[0]?.body));
    expect(body).toEqual({ csr: expect.any(String), attestation_token: expect.stringMatching(/^eyJ/) });
  });

  it.each([
    ["an empty text", ""],
    ["blanks", "  "],
    ["nothing", undefined],
    ["an object", { token: "eyJ" }],
  ])("MI-07 that is %s in place of a token ends in attestation_failed, and nothing is asked without it", async (_, token) => {
    const attestation = (async () => token) as AttestationProvider;
    const error = await refusal(acquire(machine.imdsV2({ attestation }).imdsV2));
    expect(error).toMatchObject({ code: "attestation_failed", kind: "client" });
    expect(machine.calls("issuecredential")).toEqual([]);
    expect(machine.tokenRequests()).toEqual([]);
  });

  it.each([
    ["rejects", async () => Promise.reject(new Error("the enclave is closed"))],
    [
      "throws",
      () => {
        throw new Error("the enclave is closed");
      },
    ],
  ])("MI-07 whose provider %s ends in attestation_failed with the cause, and nothing is asked without it", async (_, attestation) => {
    // optional on this host: it would do without
    machine.emulator.managedIdentities.attestation = "optional";
    const error = await refusal(acquire(machine.imdsV2({ attestation }).imdsV2));
    expect(error.code).toBe("attestation_failed");
    expect(error.message).toContain("the enclave is closed");
    expect(error.cause).toEqual(new Error("the enclave is closed"));
    expect(machine.calls("issuecredential")).toEqual([]);
  });

  it("MI-07 that is cancelled is cancelled, for the provider too", async () => {
    const begun = gate();
    let providerSignal: AbortSignal | undefined;
    const attestation: AttestationProvider = ({ signal }) => {
      providerSignal = signal;
      begun.open();
      return new Promise(() => {});
    };
    const controller = new AbortController();
    const acquired = acquire(machine.imdsV2({ attestation }).imdsV2, { signal: controller.signal });
    await begun.opened;
    const reason = new Error("the user left");
    controller.abort(reason);
    await expect(acquired).rejects.toBe(reason);
    expect(providerSignal?.aborted).toBe(true);
    expect(machine.calls("issuecredential")).toEqual([]);
  });

  it("MI-07 is asked for once while it is good, and anew five minutes before it ends", async () => {
    const clock = new TestClock();
    let calls = 0;
    const endsMs = clock.nowMs + 8 * 60 * MINUTE_MS;
    const provider = async () => jwt({ exp: Math.floor(endsMs / 1000), jti: ++calls });
    const tokens = new AttestationTokens({ provider, clock });
    const { signal } = new AbortController();
    const first = await tokens.get(question, signal);
    clock.nowMs = endsMs - 5 * MINUTE_MS - 1000;
    expect(await tokens.get(question, signal)).toBe(first);
    clock.nowMs = endsMs - 5 * MINUTE_MS;
    expect(await tokens.get(question, signal)).not.toBe(first);
    expect(calls).toBe(2);
  });

  it("is asked for again where a token does not say when it ends", async () => {
    let calls = 0;
    const tokens = new AttestationTokens({ provider: async () => `opaque-${++calls}`, clock: new TestClock() });
    const { signal } = new AbortController();
    expect([await tokens.get(question, signal), await tokens.get(question, signal)]).toEqual(["opaque-1", "opaque-2"]);
  });

  it("is of one key and one identity at one endpoint", async () => {
    const asked: string[] = [];
    const clock = new TestClock();
    const provider: AttestationProvider = async ({ attestationEndpoint }) => {
      asked.push(attestationEndpoint);
      return jwt({ exp: clock.nowMs / 1000 + 3600 });
    };
    const tokens = new AttestationTokens({ provider, clock });
    const { publicKey } = exportableKey(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
    const { signal } = new AbortController();
    for (const over of [{}, {}, { publicKey }, { attestationEndpoint: "https://other.example" }, { publicKey }]) {
      await tokens.get({ ...question, ...over }, signal);
    }
    const { attestationEndpoint } = question;
    expect(asked.splice(0)).toEqual([attestationEndpoint, attestationEndpoint, "https://other.example"]);
    for (const over of [{ clientId: "another" }, { tenantId: "another" }, {}]) await tokens.get({ ...question, ...over }, signal);
    expect(asked).toEqual([attestationEndpoint, attestationEndpoint]);
  });

  it("is kept for sixteen keys and endpoints, and the oldest asked for anew", async () => {
    let calls = 0;
    const clock = new TestClock();
    const provider = async () => {
      calls++;
      return jwt({ exp: clock.nowMs / 1000 + 3600 });
    };
    const tokens = new AttestationTokens({ provider, clock });
    const { signal } = new AbortController();
    const get = (place: number) => tokens.get({ ...question, attestationEndpoint: `https://${place}.example` }, signal);
    for (let place = 0; place < 17; place++) await get(place);
    await get(1);
    await get(16);
    expect(calls).toBe(17);
    await get(0);
    expect(calls).toBe(18);
  });

  it("is one call for all who wait, who each may leave", async () => {
    const answer = gate();
    let calls = 0;
    const provider = async () => {
      calls++;
      await answer.opened;
      return "token";
    };
    const tokens = new AttestationTokens({ provider, clock: new TestClock() });
    const leaving = new AbortController();
    const staying = tokens.get(question, new AbortController().signal);
    const left = tokens.get(question, leaving.signal);
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    answer.open();
    expect(await staying).toBe("token");
    expect(calls).toBe(1);
  });

  it("is not kept when the metadata service has refused it", async () => {
    const issued: string[] = [];
    const attestation: AttestationProvider = async (attested) => {
      const token = issued.length === 0 ? jwt({ exp: Date.now() / 1000 + 3600 }) : await emulatedProvider(attested);
      issued.push(token);
      return token;
    };
    const { imdsV2 } = machine.imdsV2({ attestation });
    expect(await refusal(acquire(imdsV2))).toMatchObject({ code: "managed_identity_error", statusCode: 400 });
    expect((await acquire(imdsV2)).tokenType).toBe("mtls_pop");
    expect(issued).toHaveLength(2);
  });

  it("keeps a JWT that a provider's error quotes out of the message", async () => {
    const provider = async () => Promise.reject(new Error(`refused ${jwt({ a: "secret" })}`));
    const tokens = new AttestationTokens({ provider, clock: new TestClock() });
    const error = await refusal(tokens.get(question, new AbortController().signal));
    expect(error.message).toContain("refused");
    expect(error.message).not.toContain(jwt({ a: "secret" }));
  });
});

describe("where a key is attested", () => {
  const machineIn = (location: string | undefined, azEnvironment: string | undefined) =>
    attestationEndpointOf({ location, azEnvironment, osType: undefined, securityType: undefined }, "https://imds.example");

  it.each([
    ["AzurePublicCloud", "https://westus3.attestation.microsoft.com"],
    ["azurepubliccloud", "https://westus3.attestation.microsoft.com"],
    ["AzureUSGovernmentCloud", "https://westus3.attestation.microsoftonline.us"],
    ["AzureChinaCloud", "https://westus3.attestation.partner.microsoftonline.cn"],
    ["AzureBleuCloud", "https://westus3.attestation.sovcloud-identity.fr"],
  ])("follows from the region in %s", (azEnvironment, endpoint) => {
    expect(machineIn("WestUS3", azEnvironment)).toBe(endpoint);
  });

  it.each([
    ["the cloud is unknown", "westus3", "AzureMoonCloud"],
    ["the cloud is not called as MSAL.NET knows it", "westus3", "AzureFranceCloud"],
    ["the cloud is not named", "westus3", undefined],
    ["the region is not named", undefined, "AzurePublicCloud"],
    ["the region is no name", "evil.example/", "AzurePublicCloud"],
    ["the cloud's name is one that every object has", "westus3", "constructor"],
  ])("is what the metadata service says when %s", (_, location, azEnvironment) => {
    expect(machineIn(location, azEnvironment)).toBe("https://imds.example");
  });

  it("is what the metadata service says when it does not tell what the machine is", async () => {
    machine.emulator.faults.add({ on: "instance-metadata", path: "/metadata/instance/compute", kind: "unavailable", times: 4 });
    const asked: string[] = [];
    const attestation: AttestationProvider = (attested) => {
      asked.push(attested.attestationEndpoint);
      return emulatedProvider(attested);
    };
    await acquire(machine.imdsV2({ attestation }).imdsV2);
    expect(asked).toEqual([machine.emulator.attestation.url]);
  });

  it("is not looked up where nobody attests", async () => {
    machine.emulator.managedIdentities.attestation = "optional";
    await acquire(machine.imdsV2().imdsV2);
    expect(machine.calls("compute")).toEqual([]);
  });
});
