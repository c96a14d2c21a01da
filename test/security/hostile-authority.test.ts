import { ConfidentialClientApplication } from "@mtls-pop/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { signedUp, surroundings } from "../direct-flow.js";

const scopes = ["https://vault.azure.net/.default"];
let around: Awaited<ReturnType<typeof surroundings>>;
let app: Awaited<ReturnType<typeof signedUp>>;
beforeAll(async () => {
  around = await surroundings();
});
beforeEach(async () => {
  app = await signedUp(around);
  around.emulator.forgetRequests();
});
afterAll(() => around.emulator.close());

describe("an authority in no known cloud", () => {
  it.each([
    "https://login.evil.example/contoso",
    "https://login.microsoftonline.com.evil.example/contoso",
    "https://login.microsoftonline.com@login.evil.example/contoso",
    "https://login.micros\u043eftonline.com/contoso",
  ])("is refused before a connection is made: %s", (authority) => {
    const { clientId, certificate } = app;
    const { transport } = around;
    expect(() => new ConfidentialClientApplication({ clientId, certificate, authority, transport })).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(untrusted|invalid)_authority$/) }),
    );
  });
});

describe("a trusted authority that answers falsely", () => {
  it.each([
    ["a Bearer token", "downgrade", "token_type_mismatch"],
    ["a token of no type", "no-token-type", "token_type_missing"],
    ["a token that is bound to nothing", "no-confirmation", "confirmation_missing"],
    ["a token that is bound to another certificate", "wrong-confirmation", "confirmation_mismatch"],
    ["no JSON", "bad-json", "invalid_token_response"],
  ] as const)("gives %s: it is neither returned nor kept", async (_, kind, code) => {
    around.emulator.faults.add({ on: "token", kind });
    await expect(app.application.acquireBoundToken({ scopes })).rejects.toMatchObject({ code });
    const next = await app.application.acquireBoundToken({ scopes });
    expect(next.metadata.tokenSource).toBe("IdentityProvider");
    expect(next.bindingCertificate).toBe(app.certificate);
  });
});
