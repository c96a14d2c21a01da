import { createPublicKey } from "node:crypto";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../src/index.js";
import type { ClientAnswer, HttpsClient } from "../server/https-client.js";
import { clientOf } from "../token-request.js";
import { sharedKey } from "./certificate-request-builder.js";

let emulator: Emulator;
let client: HttpsClient;
beforeAll(async () => {
  emulator = await startEmulator();
  client = clientOf(emulator);
});
afterAll(async () => {
  client.close();
  await emulator.close();
});

const publicKey = () => createPublicKey(sharedKey()).export({ format: "jwk" });
const post = (body: unknown, path = "/attest/keyguard"): Promise<ClientAnswer> =>
  client.get(`${emulator.attestation.url}${path}`, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });

describe("the attestation service", () => {
  it("signs that a key is guarded, with a key that it shows", async () => {
    const answer = await post({ publicKey: publicKey(), clientId: "somebody" });
    expect(answer.status).toBe(200);
    const { token } = answer.json() as { token: string };
    const keys = (await client.get(`${emulator.attestation.url}/certs`)).json() as JSONWebKeySet;
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), { issuer: emulator.attestation.url });
    expect(payload).toMatchObject({
      client_id: "somebody",
      "x-ms-attestation-type": "keyguard",
      "x-ms-runtime": { keys: [publicKey()] },
    });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(28_800);
  });

  it.each([
    ["no JSON", () => "{"],
    ["no object", () => []],
    ["no key", () => ({ clientId: "a" })],
    ["a key that is none", () => ({ publicKey: { kty: "RSA" }, clientId: "a" })],
    ["no client id", () => ({ publicKey: publicKey() })],
    ["a private key", () => ({ publicKey: sharedKey().export({ format: "jwk" }), clientId: "a" })],
  ])("refuses a body with %s", async (_what, body) => {
    expect(await post(body())).toMatchObject({ status: 400 });
  });

  it("has nothing at other paths, and attests by POST alone", async () => {
    expect((await post({}, "/attest/vm")).status).toBe(404);
    expect((await client.get(`${emulator.attestation.url}/attest/keyguard`)).status).toBe(405);
  });

  it("stands in the record, and meets faults", async () => {
    emulator.forgetRequests();
    emulator.faults.add({ on: "attestation", kind: "throttle", retryAfterSeconds: 3 });
    emulator.faults.add({ on: "attestation", kind: "unavailable" });
    expect(await post({})).toMatchObject({ status: 429, headers: { "retry-after": "3" } });
    expect((await post({})).json()).toMatchObject({ error: { code: "ServiceUnavailable" } });
    expect(emulator.requests.map(({ server, host, status }) => [server, host, status])).toEqual([
      ["attestation", "attestation.emulator.localhost", 429],
      ["attestation", "attestation.emulator.localhost", 503],
    ]);
  });
});
