import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startHttpServer } from "../../../emulator/src/server/http-server.js";
import { Transport } from "../../src/transport/transport-options.js";
import { refusal } from "../certificate/authority.js";
import { startRawServer } from "../transport/control-servers.js";
import { acquire, gate, HALF_LIFE_MS, sharedKey, startMachine } from "./machine.js";

let machine: Awaited<ReturnType<typeof startMachine>>;
beforeAll(async () => {
  machine = await startMachine();
});
beforeEach(() => machine.reset());
afterAll(() => machine.close());

/** A refusal that has `invalid_client`, as Entra gives it to a certificate that it does not take. */
const REFUSED = { on: "token", kind: "entra-error", code: 700027 } as const;

describe("a token over the issued certificate", () => {
  it("MI-05 and its certificate outlive the renewal: a result keeps what it was bound to", async () => {
    const { imdsV2, clock } = machine.imdsV2();
    const before = await acquire(imdsV2);
    clock.advance(HALF_LIFE_MS);
    const during = await acquire(imdsV2);
    expect(during.bindingCertificate).toBe(before.bindingCertificate);
    await expect.poll(() => imdsV2.current()).not.toBe(before.bindingCertificate);
    const after = await acquire(imdsV2);
    expect(after.bindingCertificate).toBe(imdsV2.current());
    expect(before.bindingCertificate?.x5tS256).not.toBe(after.bindingCertificate?.x5tS256);
    expect(machine.calls("issuecredential")).toHaveLength(2);
    const shown = machine.tokenRequests().map(({ clientCertificate }) => clientCertificate?.toString("base64"));
    expect(shown).toEqual([before, during, after].map(({ bindingCertificate }) => bindingCertificate?.x5c[0]));
  });

  it("is asked for as flow (3), and is bound to the certificate of the handshake", async () => {
    const { imdsV2 } = machine.imdsV2();
    const correlationId = randomUUID();
    const result = await acquire(imdsV2, { resource: "https://vault.azure.net/", correlationId });
    const { systemAssigned } = machine.emulator.managedIdentities;
    const [request, ...more] = machine.tokenRequests();
    expect(more).toEqual([]);
    expect(request).toMatchObject({
      method: "POST",
      host: "mtlsauth.emulator.localhost",
      path: `/${systemAssigned.tenantId}/oauth2/v2.0/token`,
      headers: { "client-request-id": correlationId },
    });
    expect(request?.form).toEqual({
      client_id: systemAssigned.clientId,
      grant_type: "client_credentials",
      scope: "https://vault.azure.net/.default",
      token_type: "mtls_pop",
    });
    expect(result).toMatchObject({ tokenType: "mtls_pop", tenantId: systemAssigned.tenantId, correlationId });
    expect(result.scopes).toEqual(["https://vault.azure.net/.default"]);
    expect(result.bindingCertificate).toBe(imdsV2.current());
    expect(result.bindingCertificate?.x5c[0]).toBe(request?.clientCertificate?.toString("base64"));
    expect(result.metadata).toMatchObject({ tokenSource: "IdentityProvider", tokenEndpoint: expect.stringContaining("//mtlsauth.") });
  });

  it("is a Bearer token by name when no bound one is asked for, and has no binding certificate", async () => {
    const result = await acquire(machine.imdsV2().imdsV2, { bound: false });
    expect(result).toMatchObject({ tokenType: "Bearer", bindingCertificate: undefined });
    const [request] = machine.tokenRequests();
    expect(request?.form?.["token_type"]).toBe("bearer");
    expect(request?.clientCertificate).toBeDefined();
  });

  it("carries a challenge's claims together with the capabilities", async () => {
    const { imdsV2 } = machine.imdsV2({ clientCapabilities: ["cp1"] });
    await acquire(imdsV2, { claims: '{"access_token":{"nbf":{"essential":true}}}' });
    expect(JSON.parse(machine.tokenRequests()[0]?.form?.["claims"] ?? "")).toEqual({
      access_token: { nbf: { essential: true }, xms_cc: { values: ["cp1"] } },
    });
  });

  it.each([
    ["downgrade", "token_type_mismatch"],
    ["no-token-type", "token_type_missing"],
    ["wrong-confirmation", "confirmation_mismatch"],
    ["no-confirmation", "confirmation_missing"],
  ] as const)("is refused when the endpoint answers with the fault %s", async (kind, code) => {
    machine.emulator.faults.add({ on: "token", kind });
    const { imdsV2 } = machine.imdsV2();
    expect(await refusal(acquire(imdsV2))).toMatchObject({ code });
    expect(machine.calls("issuecredential")).toHaveLength(1);
  });
});

describe("a mint", () => {
  it("makes the key while the metadata is on its way", async () => {
    const [metadataArrived, keyAsked] = [gate(), gate()];
    const order: string[] = [];
    // neither side goes on before the other has begun: one after the other would never end
    const imds = await startHttpServer(async () => {
      order.push("metadata asked");
      metadataArrived.open();
      await keyAsked.opened;
      order.push("metadata answered");
      return { status: 404 };
    });
    const bindingKey = async () => {
      await metadataArrived.opened;
      order.push("key begun");
      keyAsked.open();
      return sharedKey;
    };
    try {
      const { imdsV2 } = machine.imdsV2({ metadataUrl: imds.url, bindingKey });
      expect(await refusal(imdsV2.credential())).toMatchObject({ code: "mtls_pop_token_not_supported_in_imds_v1" });
      expect(order).toEqual(["metadata asked", "key begun", "metadata answered"]);
    } finally {
      await imds.close();
    }
  });

  it("is one for all who ask at the same time", async () => {
    let keys = 0;
    const bindingKey = () => {
      keys++;
      return sharedKey;
    };
    const { imdsV2 } = machine.imdsV2({ bindingKey });
    const results = await Promise.all(Array.from({ length: 20 }, () => acquire(imdsV2)));
    expect(new Set(results.map(({ bindingCertificate }) => bindingCertificate)).size).toBe(1);
    expect(keys).toBe(1);
    expect(machine.calls("getplatformmetadata")).toHaveLength(1);
    expect(machine.calls("issuecredential")).toHaveLength(1);
  });

  it("goes on for the others when one leaves, and ends with the last", async () => {
    const begun = gate();
    let ended: unknown;
    const bindingKey = () => new Promise<typeof sharedKey>(() => begun.open());
    const { imdsV2 } = machine.imdsV2({ bindingKey });
    const [first, last] = [new AbortController(), new AbortController()];
    const waits = [imdsV2.credential(first.signal), imdsV2.credential(last.signal)];
    waits[1]?.catch((reason: unknown) => {
      ended = reason;
    });
    await begun.opened;
    first.abort(new Error("first"));
    await expect(waits[0]).rejects.toThrow("first");
    expect(ended).toBeUndefined();
    last.abort(new Error("last"));
    await expect(waits[1]).rejects.toThrow("last");
  });

  it("makes a key of its own, which serves the next attempt where no certificate was issued for it, and no other certificate", async () => {
    const { imdsV2, clock } = machine.imdsV2({ bindingKey: undefined });
    machine.emulator.faults.add({ on: "instance-metadata", path: "/metadata/identity/issuecredential", kind: "wrong-client-id" });
    await refusal(imdsV2.credential());
    await imdsV2.credential();
    clock.advance(2 * HALF_LIFE_MS - 60_000);
    await imdsV2.credential();
    const keys = machine.calls("issuecredential").map(({ body }) => {
      const request = Buffer.from(JSON.parse(String(body)).csr, "base64").toString("latin1");
      // the modulus: the octets behind the algorithm of the key
      const start = request.indexOf("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01");
      return request.slice(start, start + 280);
    });
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[1]);
  });
});

describe("a certificate that the token endpoint refuses", () => {
  it("MI-06 with invalid_client is minted anew once, and the request made once more", async () => {
    const { imdsV2 } = machine.imdsV2();
    const first = await imdsV2.credential();
    machine.emulator.faults.add(REFUSED);
    const result = await acquire(imdsV2);
    expect(result.bindingCertificate).not.toBe(first.certificate);
    expect(result.bindingCertificate).toBe(imdsV2.current());
    expect(machine.calls("issuecredential")).toHaveLength(2);
    expect(machine.tokenRequests().map(({ status }) => status)).toEqual([401, 200]);
  });

  it("MI-06 a second time is the endpoint's error, and the next call does not mint again", async () => {
    const { imdsV2 } = machine.imdsV2();
    machine.emulator.faults.add({ ...REFUSED, times: 3 });
    expect(await refusal(acquire(imdsV2))).toMatchObject({ code: "invalid_client", aadErrorCodes: [700027] });
    expect(machine.tokenRequests()).toHaveLength(2);
    expect(await refusal(acquire(imdsV2))).toMatchObject({ code: "invalid_client" });
    expect(machine.tokenRequests()).toHaveLength(3);
    expect(machine.calls("issuecredential")).toHaveLength(2);
    expect((await acquire(imdsV2)).tokenType).toBe("mtls_pop");
  });

  it.each([1, 2])("MI-06 in the handshake is minted anew once, then it is an error: %i refusals", async (refusals) => {
    const door = await startRefusingDoor(refusals);
    const endpoint = `https://mtlsauth.emulator.localhost:${door.port}`;
    const fault = { on: "instance-metadata", path: "/metadata/identity/issuecredential", kind: "wrong-endpoint", endpoint } as const;
    machine.emulator.faults.add({ ...fault, times: 2 });
    const knownAuthorities = [`login.emulator.localhost:${door.port}`];
    try {
      const { imdsV2 } = machine.imdsV2({ knownAuthorities });
      const acquired = acquire(imdsV2);
      if (refusals === 1) expect((await acquired).bindingCertificate).toBe(imdsV2.current());
      else expect(await refusal(acquired)).toMatchObject({ code: "tls_handshake_failed" });
      expect(door.connections()).toBe(2);
      expect(machine.calls("issuecredential")).toHaveLength(2);
    } finally {
      await door.close();
    }
  });

  it("MI-06 is not a server that is not trusted here, nor any other error", async () => {
    const { imdsV2 } = machine.imdsV2({ transport: new Transport({ lookup: machine.emulator.lookup }) });
    expect(await refusal(acquire(imdsV2))).toMatchObject({ code: "tls_handshake_failed" });
    const other = machine.imdsV2().imdsV2;
    machine.emulator.faults.add({ on: "token", kind: "entra-error", code: 392196 });
    expect(await refusal(acquire(other))).toMatchObject({ aadErrorCodes: [392196] });
    expect(machine.calls("issuecredential")).toHaveLength(2);
  });

  it("is replaced by one mint for all who were refused with it", async () => {
    const { imdsV2 } = machine.imdsV2();
    await imdsV2.credential();
    machine.emulator.faults.add({ ...REFUSED, times: 5 });
    const results = await Promise.all(Array.from({ length: 5 }, () => acquire(imdsV2)));
    expect(new Set(results.map(({ bindingCertificate }) => bindingCertificate))).toEqual(new Set([imdsV2.current()]));
    expect(machine.calls("issuecredential")).toHaveLength(2);
  });
});

/** TLS's alert `certificate_unknown`, fatal, as a server sends it that does not take the client's certificate (RFC 8446 section 6). */
const ALERT = Buffer.from("1503030002022e", "hex");

/** Stands before the token endpoint and refuses the first handshakes. */
async function startRefusingDoor(refusals: number) {
  let connections = 0;
  const upstream = Number(new URL(machine.emulator.authority).port);
  const server = await startRawServer((socket) => {
    if (++connections <= refusals) {
      socket.once("data", () => socket.end(ALERT));
      return;
    }
    const onward = connect(upstream, "127.0.0.1");
    onward.on("error", () => socket.destroy());
    socket.on("close", () => onward.destroy());
    socket.pipe(onward).pipe(socket);
  });
  return { port: server.url("https").port, connections: () => connections, close: server.close };
}
