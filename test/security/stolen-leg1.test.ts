import { type BindingCertificate, ConfidentialClientApplication, FicLeg1Acquirer } from "@mtls-pop/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signedUp, surroundings } from "../direct-flow.js";

// a thief has leg 1's token, knows the application that it stands in for, and has a certificate of the same tenant's own
const LEG2_CLIENT_ID = "00000000-0000-0000-0000-0000000000b2";
const scopes = ["https://graph.microsoft.com/.default"];

let around: Awaited<ReturnType<typeof surroundings>>;
let victim: Awaited<ReturnType<typeof signedUp>>;
let thief: Awaited<ReturnType<typeof signedUp>>;
let stolen: string;
beforeAll(async () => {
  around = await surroundings();
  victim = await signedUp(around);
  thief = await signedUp(around);
  around.emulator.applications.register({ clientId: LEG2_CLIENT_ID });
  stolen = (await new FicLeg1Acquirer(victim.application).acquireToken()).accessToken;
});
afterAll(() => around.emulator.close());

/** Leg 2 with an assertion, and a certificate for its connection or none. */
function exchange(assertion: string, tokenBindingCertificate?: BindingCertificate, mtlsProofOfPossession = false) {
  const { authority, knownAuthorities, transport } = around;
  const clientAssertion = async () => ({ assertion, tokenBindingCertificate });
  const leg2 = new ConfidentialClientApplication({ clientId: LEG2_CLIENT_ID, authority, knownAuthorities, transport, clientAssertion });
  return leg2.acquireTokenByClientCredential({ scopes, mtlsProofOfPossession });
}

describe("leg 1's token, stolen", () => {
  it("is taken from its owner, so that the refusals below mean something", async () => {
    expect(await exchange(stolen, victim.certificate, true)).toMatchObject({
      tokenType: "mtls_pop",
      bindingCertificate: victim.certificate,
    });
  });

  it.each([true, false])("is refused over a connection with another certificate (a bound token asked for: %s)", async (bound) => {
    await expect(exchange(stolen, thief.certificate, bound)).rejects.toMatchObject({ kind: "service", aadErrorCodes: [500181] });
  });

  it("is refused as an assertion that is bound to nothing", async () => {
    await expect(exchange(stolen)).rejects.toMatchObject({ kind: "service", code: "invalid_client" });
  });

  it("is refused when its binding was rewritten to the thief's certificate", async () => {
    const [header, claims = "", signature] = stolen.split(".");
    const rewritten = { ...JSON.parse(Buffer.from(claims, "base64url").toString()), cnf: { "x5t#S256": thief.certificate.x5tS256 } };
    const forged = [header, Buffer.from(JSON.stringify(rewritten)).toString("base64url"), signature].join(".");
    await expect(exchange(forged, thief.certificate)).rejects.toMatchObject({ kind: "service", aadErrorCodes: [700027] });
  });
});
