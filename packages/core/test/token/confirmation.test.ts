import { beforeAll, describe, expect, it } from "vitest";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { assertConfirmation } from "../../src/token/confirmation.js";
import { issue } from "../certificate/authority.js";
import { thrown } from "../thrown.js";

const correlationId = "c0ffee00-0000-4000-8000-000000000000";
let certificate: BindingCertificate;
let other: BindingCertificate;
beforeAll(async () => {
  [certificate, other] = (await Promise.all(
    [await issue(), await issue()].map(({ chainPem, privateKeyPem }) => BindingCertificate.fromPem(chainPem, { key: privateKeyPem })),
  )) as [BindingCertificate, BindingCertificate];
});

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: unknown) => `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.c2lnbmF0dXJl`;
const check = (token: string) => assertConfirmation(token, certificate, correlationId);

describe("assertConfirmation", () => {
  it("BIND-02 takes a token that names the certificate", () => {
    expect(() => check(jwt({ cnf: { "x5t#S256": certificate.x5tS256 } }))).not.toThrow();
  });

  it("BIND-02 refuses a token that names another one, and shows both", () => {
    expect(thrown(() => check(jwt({ cnf: { "x5t#S256": other.x5tS256 } })))).toMatchObject({
      code: "confirmation_mismatch",
      message: expect.stringMatching(new RegExp(`${other.x5tS256}.*${certificate.x5tS256}`)),
      correlationId,
    });
  });

  it.each([
    {},
    { cnf: null },
    { cnf: "x5t#S256" },
    { cnf: [] },
    { cnf: {} },
    { cnf: { "x5t#S256": 7 } },
    { cnf: { "x5t#S256": null } },
    { cnf: { jkt: "thumbprint of a DPoP key" } },
    { __proto__: null, cnf: { x5t: "SHA-1" } },
  ])("BIND-02 refuses a readable token without a thumbprint: %j", (claims) => {
    expect(thrown(() => check(jwt(claims)))).toMatchObject({ code: "confirmation_missing", correlationId });
  });

  it("does not look for a thumbprint up the prototype chain", () => {
    const body = Buffer.from(`{"__proto__":{"cnf":{"x5t#S256":"${certificate.x5tS256}"}}}`).toString("base64url");
    expect(thrown(() => check(`${part({})}.${body}.c2ln`)).code).toBe("confirmation_missing");
  });

  it.each([
    ["opaque", "0.AXoA-opaque-reference"],
    ["empty", ""],
    ["an encrypted JWT, which has five parts", "eyJhbGciOiJSU0EtT0FFUCJ9.a2V5.aXY.Y2lwaGVydGV4dA.dGFn"],
    ["a JWT's look-alike whose payload is no JSON", `${part({})}.bm90IGpzb24.c2ln`],
    ["one whose payload is no object but an array", jwt([{ cnf: {} }])],
    ["one whose payload is no object but a text", jwt("cnf")],
    ["one whose payload is null", jwt(null)],
  ])("passes a token on that only the resource can read: %s", (_, token) => {
    expect(() => check(token)).not.toThrow();
  });

  it("repeats no more of a foreign thumbprint than a thumbprint has, and no control characters", () => {
    const { message } = thrown(() => check(jwt({ cnf: { "x5t#S256": `\u001b[31m${"x".repeat(100_000)}` } })));
    expect(message.length).toBeLessThan(500);
    expect(message).not.toContain("\u001b");
  });
});
