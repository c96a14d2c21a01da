import { generateKeyPairSync, randomUUID, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exportableKey } from "../../src/certificate/exportable-key.js";
import { refusal } from "../certificate/authority.js";
import { acquire, sharedKey, startMachine } from "./machine.js";

let machine: Awaited<ReturnType<typeof startMachine>>;
beforeAll(async () => {
  machine = await startMachine();
});
beforeEach(() => machine.reset());
afterAll(() => machine.close());

const FAULT = { on: "instance-metadata", path: "/metadata/identity/issuecredential" } as const;

/** The platform metadata as it is, then this in place of the certificate. */
async function refusalOf(changes: object) {
  const { systemAssigned } = machine.emulator.managedIdentities;
  const complete = {
    client_id: systemAssigned.clientId,
    tenant_id: systemAssigned.tenantId,
    certificate: "AAAA",
    identity_type: "SystemAssigned",
    mtls_authentication_endpoint: `https://mtlsauth.${machine.host.replace("login.", "")}`,
  };
  const { imdsV2 } = machine.imdsV2();
  const metadata = {
    cuId: { vmId: "vm" },
    clientId: systemAssigned.clientId,
    tenantId: systemAssigned.tenantId,
    attestationEndpoint: machine.emulator.attestation.url,
  };
  machine.emulator.instanceMetadata.answerNext(
    { status: 200, body: JSON.stringify(metadata) },
    { status: 200, body: JSON.stringify({ ...complete, ...changes }) },
  );
  return refusal(acquire(imdsV2));
}

describe("a certificate from issuecredential", () => {
  it("is asked for with the request alone where nobody attests, and is for the key of this process", async () => {
    const { imdsV2 } = machine.imdsV2();
    const credential = await imdsV2.credential();
    const { systemAssigned } = machine.emulator.managedIdentities;
    expect(credential).toMatchObject({ clientId: systemAssigned.clientId, tenantId: systemAssigned.tenantId });
    expect(credential.tokenEndpoint.href).toBe(
      `https://${machine.host.replace("login", "mtlsauth")}/${systemAssigned.tenantId}/oauth2/v2.0/token`,
    );
    const [call, ...more] = machine.calls("issuecredential");
    expect(more).toEqual([]);
    expect(call).toMatchObject({
      method: "POST",
      path: "/metadata/identity/issuecredential",
      query: { "cred-api-version": "2.0" },
      headers: { metadata: "true", "content-type": "application/json; charset=utf-8" },
      status: 200,
    });
    expect(call?.headers["x-ms-client-request-id"]).toBe(machine.calls("getplatformmetadata")[0]?.headers["x-ms-client-request-id"]);
    expect(JSON.parse(String(call?.body))).toEqual({ csr: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) });
    const leaf = new X509Certificate(Buffer.from(credential.certificate.x5c[0] ?? "", "base64"));
    expect(leaf.publicKey.equals(sharedKey.publicKey)).toBe(true);
    expect(credential.certificate.subject).toBe(`CN=${systemAssigned.clientId}, DC=${systemAssigned.tenantId}`);
  });

  it("names the machine's scale set too, where it is in one", async () => {
    machine.emulator.instanceMetadata.vmssId = randomUUID();
    await machine.imdsV2().imdsV2.credential();
    const { csr } = JSON.parse(String(machine.calls("issuecredential")[0]?.body));
    expect(Buffer.from(csr, "base64").toString("latin1")).toContain(`"vmssId":"${machine.emulator.instanceMetadata.vmssId}"`);
  });

  it.each([
    ["for another key", { kind: "wrong-key" }, "invalid_managed_identity_response", "for another key"],
    ["for another client id", { kind: "wrong-client-id" }, "invalid_managed_identity_response", "another `client_id`"],
    [
      "with an http endpoint",
      { kind: "wrong-endpoint", endpoint: "http://mtlsauth.microsoft.com" },
      "invalid_managed_identity_response",
      "an http URL",
    ],
    ["with a host in no known cloud", { kind: "wrong-endpoint", endpoint: "https://mtlsauth.evil.example" }, "untrusted_authority", "evil"],
  ] as const)("MI-03 is refused %s, and shown to nobody", async (_, fault, code, words) => {
    machine.emulator.faults.add({ ...FAULT, ...fault });
    const { imdsV2 } = machine.imdsV2();
    const error = await refusal(acquire(imdsV2));
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.correlationId).toBe(machine.calls("issuecredential")[0]?.headers["x-ms-client-request-id"]);
    expect(machine.tokenRequests()).toEqual([]);
    expect(imdsV2.current()).toBeUndefined();
    // and is not remembered
    expect((await acquire(imdsV2)).tokenType).toBe("mtls_pop");
  });

  it.each(["client_id", "tenant_id", "certificate", "mtls_authentication_endpoint"])("is refused without `%s`", async (name) => {
    const error = await refusalOf({ [name]: "" });
    expect(error.code).toBe("invalid_managed_identity_response");
    expect(error.message).toContain(`has no \`${name}\``);
  });

  it.each([
    ["another tenant", { tenant_id: randomUUID() }, "another `tenant_id`"],
    ["a certificate in PEM", { certificate: "-----BEGIN CERTIFICATE-----" }, "no base64"],
    ["a certificate that is none", { certificate: "AAAA" }, "`certificate` that is none"],
  ])("is refused with %s", async (_, changes, words) => {
    const error = await refusalOf(changes);
    expect(error.code).toBe("invalid_managed_identity_response");
    expect(error.message).toContain(words);
  });

  it("MI-08 that is refused to a key without attestation is an error that says what the host wants and what to do", async () => {
    machine.emulator.managedIdentities.attestation = "required";
    const error = await refusal(acquire(machine.imdsV2().imdsV2));
    expect(error).toMatchObject({ code: "attestation_required", kind: "service", statusCode: 400 });
    expect(error.message).toContain("no `attestation` was given");
    expect(error.help).toMatch(/KeyGuard.*`attestation`.*`bindingKey`.*ConfidentialClientApplication.*Bearer token/);
    expect(String(error.cause)).toContain("Attestation Token is missing / empty in the issue credential request");
  });

  it.each([403, 500])("MI-08 is not that error with status %d, whatever the service says of attestations", async (status) => {
    const times = status === 500 ? 4 : 1;
    const { imdsV2 } = machine.imdsV2();
    const { systemAssigned } = machine.emulator.managedIdentities;
    const metadata = { cuId: { vmId: "vm" }, clientId: systemAssigned.clientId, tenantId: systemAssigned.tenantId };
    const body = JSON.stringify({ error_description: "The attestation token service is closed" });
    machine.emulator.instanceMetadata.answerNext(
      { status: 200, body: JSON.stringify({ ...metadata, attestationEndpoint: machine.emulator.attestation.url }) },
      ...Array(times).fill({ status, body }),
    );
    expect(await refusal(acquire(imdsV2))).toMatchObject({ code: "managed_identity_error", statusCode: status });
  });

  it("is taken from an issuer whose clock is minutes ahead, and refused from one whose is hours ahead", async () => {
    const behind = (ms: number) => {
      const { imdsV2, clock } = machine.imdsV2();
      clock.nowMs = Date.now() - ms;
      return imdsV2.credential();
    };
    expect((await behind(4 * 60 * 1000)).certificate.notBefore.getTime()).toBeGreaterThan(Date.now() - 60 * 1000);
    expect(await refusal(behind(60 * 60 * 1000))).toMatchObject({ code: "certificate_not_yet_valid" });
  });

  it("that is refused for another reason quotes the service", async () => {
    const { clientId } = machine.emulator.managedIdentities.register();
    const { imdsV2 } = machine.imdsV2({ identity: { userAssignedClientId: clientId } });
    machine.emulator.faults.add({ ...FAULT, kind: "unavailable", times: 4 });
    const error = await refusal(acquire(imdsV2));
    expect(error).toMatchObject({ code: "managed_identity_error", statusCode: 503, retryable: true });
    expect(error.message).toContain("Service is temporarily unavailable");
  });
});

describe("a key of the user's", () => {
  it("CFG-08 certifies a key that cannot be exported, which then makes the TLS contexts itself", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const inner = exportableKey(privateKey);
    const uses: string[] = [];
    // nothing but what BindingKey asks for: no bytes of the key can be had from it
    const bindingKey = () => ({
      publicKey: inner.publicKey,
      sign: (...input: Parameters<typeof inner.sign>) => {
        uses.push(`sign ${input[0]}`);
        return inner.sign(...input);
      },
      secureContext: (...input: Parameters<typeof inner.secureContext>) => {
        uses.push("secureContext");
        return inner.secureContext(...input);
      },
    });
    const { imdsV2 } = machine.imdsV2({ bindingKey });
    const result = await acquire(imdsV2);
    expect(uses).toEqual(["sign PS256", "secureContext"]);
    const shown = machine.tokenRequests()[0]?.clientCertificate;
    expect(shown && new X509Certificate(shown).publicKey.equals(inner.publicKey)).toBe(true);
    expect(result.bindingCertificate?.x5c[0]).toBe(shown?.toString("base64"));
  });

  it.each([
    ["nothing", () => undefined, "invalid_options", "returned nothing"],
    ["a KeyObject", () => sharedKey.publicKey, "invalid_options", "no BindingKey"],
    [
      "an EC key",
      () => exportableKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey),
      "certificate_key_unsupported",
      "EC P-256",
    ],
    [
      "a short key",
      () => exportableKey(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey),
      "certificate_key_unsupported",
      "RSA 1024",
    ],
  ])("is refused when it is %s", async (_, bindingKey, code, words) => {
    const { imdsV2 } = machine.imdsV2({ bindingKey: bindingKey as () => typeof sharedKey });
    const error = await refusal(imdsV2.credential());
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(machine.calls("issuecredential")).toEqual([]);
  });

  it("passes on what the function throws", async () => {
    const failure = new Error("the module is locked");
    const bindingKey = () => {
      throw failure;
    };
    await expect(machine.imdsV2({ bindingKey }).imdsV2.credential()).rejects.toBe(failure);
  });
});
