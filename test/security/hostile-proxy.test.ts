import { createPopFetch } from "@mtls-pop/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { signedUp, surroundings } from "../direct-flow.js";

let around: Awaited<ReturnType<typeof surroundings>>;
let elsewhere: Awaited<ReturnType<typeof surroundings>>;
beforeAll(async () => {
  [around, elsewhere] = await Promise.all([surroundings(), surroundings()]);
});
beforeEach(() => around.emulator.forgetRequests());
afterAll(() => Promise.all([around.emulator.close(), elsewhere.emulator.close()]));

describe("who sits on the way and shows a certificate that is not trusted", () => {
  const stranger = () => ({ ca: elsewhere.emulator.ca, lookup: around.emulator.lookup });

  it("gets no token request", async () => {
    const { application } = await signedUp(around, { transport: stranger() });
    const acquiring = application.acquireBoundToken({ scopes: ["https://vault.azure.net/.default"] });
    await expect(acquiring).rejects.toMatchObject({ code: "tls_handshake_failed" });
    expect(around.requestsTo("token")).toEqual([]);
  });

  it("gets no request with a token in it", async () => {
    const { application } = await signedUp(around);
    const popFetch = createPopFetch({ tokens: application, resources: around.resources, transport: stranger() });
    await expect(popFetch(around.secretUrl)).rejects.toMatchObject({ code: "tls_handshake_failed" });
    expect(around.requestsTo("key-vault")).toEqual([]);
    await popFetch.close();
  });
});

describe("who sits on the way and is trusted by the machine", () => {
  it("cannot pass the certificate on, which ends in an error that names the proxy", async () => {
    around.emulator.faults.add({ on: "token", kind: "entra-error", code: 392200 });
    const { application } = await signedUp(around);
    const acquiring = application.acquireBoundToken({ scopes: ["https://vault.azure.net/.default"] });
    await expect(acquiring).rejects.toMatchObject({ aadErrorCodes: [392200], help: expect.stringMatching(/proxy that ends TLS/) });
  });
});
