import { createHmac, createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MtlsPopErrorCode } from "../../src/errors.js";
import { popChallenge } from "../../src/guard/pop-challenge.js";
import type { PopTokenOptions } from "../../src/guard/pop-token-options.js";
import { verifyPopToken } from "../../src/guard/verify-pop-token.js";
import { MtlsPopError } from "../../src/index.js";
import { issue } from "../certificate/authority.js";
import { TestClock } from "../emulated.js";
import { AUDIENCE, caller, confirmation, ISSUER, type Issuer, startIssuer } from "./issuer.js";

let issuer: Issuer;
let options: PopTokenOptions;
beforeAll(async () => {
  issuer = await startIssuer();
  options = issuer.options();
});
afterAll(() => issuer.close());

const verify = async (token: string | Promise<string>, over: Partial<PopTokenOptions> = {}) =>
  verifyPopToken({ authorization: `pop ${await token}`, certificate: caller }, { ...options, ...over });

/** The refusal of a token, which no part of the token must stand in, and for which a caller gets a challenge. */
async function refusal(token: string | Promise<string>, over: Partial<PopTokenOptions> = {}): Promise<MtlsPopError> {
  const error: unknown = await verify(token, over).catch((thrown: unknown) => thrown);
  if (!(error instanceof MtlsPopError)) throw new Error(`Expected a refusal, got ${inspect(error)}`);
  for (const part of (await token).split(".").filter((one) => one.length > 8)) {
    expect(`${inspect(error)}${JSON.stringify(error)}${popChallenge(error)}`).not.toContain(part);
  }
  expect(popChallenge(error)).toContain('error="invalid_token"');
  return error;
}

const refused = (code: MtlsPopErrorCode, message: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(message) });

describe("a token that is taken", () => {
  it("gives its claims, the client, the certificate and the scheme", async () => {
    const token = await issuer.token({ claims: { roles: ["Orders.Read"] } });
    const verified = await verifyPopToken({ authorization: `MTLS_POP ${token}`, certificate: caller }, options);
    expect(verified).toMatchObject({
      claims: { iss: ISSUER, aud: AUDIENCE, roles: ["Orders.Read"], cnf: { "x5t#S256": confirmation(caller) } },
      clientId: "client",
      scheme: "mtls_pop",
    });
    expect(verified.certificate.fingerprint256).toBe(caller.fingerprint256);
  });

  it.each(["pop", "POP", "Pop", "mtls_pop", "MTLS_PoP"])("may come with the scheme %s", async (scheme) => {
    const authorization = `${scheme} ${await issuer.token()}`;
    expect((await verifyPopToken({ authorization, certificate: caller }, options)).scheme).toBe(scheme.toLowerCase());
  });

  it.each([["azp"], ["appid"], ["client_id"]])("names its client in %s", async (claim) => {
    const { clientId } = await verify(issuer.token({ claims: { azp: undefined, [claim]: "someone" } }));
    expect(clientId).toBe("someone");
  });

  it("may be for several audiences and of one of several issuers", async () => {
    const token = issuer.token({ claims: { aud: ["api://else", AUDIENCE] } });
    const { claims } = await verify(token, { issuer: ["https://else.example", ISSUER], audience: ["nobody", AUDIENCE] });
    expect(claims.aud).toEqual(["api://else", AUDIENCE]);
  });

  it.each(["at+jwt", "application/at+jwt", "AT+JWT", undefined])("may have the type %s", async (typ) => {
    await expect(verify(issuer.token({ header: { typ } }))).resolves.toBeDefined();
  });

  it("may be signed with another algorithm that is listed, by a key set that was handed in", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwks = { keys: [publicKey.export({ format: "jwk" })] };
    const token = issuer.token({ key: privateKey, header: { alg: "ES256", kid: undefined } });
    await expect(verify(token, { jwks, algorithms: ["RS256", "ES256"] })).resolves.toMatchObject({ clientId: "client" });
    expect(await refusal(token, { jwks })).toEqual(refused("token_algorithm_refused", /another algorithm than RS256/));
  });

  it("may have ended or not begun within the tolerance of the clocks, and not beyond", async () => {
    const seconds = Math.floor(Date.now() / 1000);
    const clock = new TestClock();
    clock.nowMs = seconds * 1000;
    await expect(verify(issuer.token({ claims: { exp: seconds - 59 } }), { clock })).resolves.toBeDefined();
    await expect(verify(issuer.token({ claims: { nbf: seconds + 60 } }), { clock })).resolves.toBeDefined();
    expect(await refusal(issuer.token({ claims: { exp: seconds - 60 } }), { clock })).toEqual(refused("token_expired", /past its time/));
    expect(await refusal(issuer.token({ claims: { nbf: seconds + 61 } }), { clock })).toEqual(
      refused("token_not_yet_valid", /has not come/),
    );
    // begun by this clock, however many seconds the other one has gone on
    const begun = { nbf: seconds - 60, exp: seconds - 1 };
    expect(await refusal(issuer.token({ claims: begun }), { clock, clockToleranceSeconds: 0 })).toEqual(
      refused("token_expired", /past its time/),
    );
  });
});

describe("a token that is forged", () => {
  it("is refused without a signature, under any spelling of none", async () => {
    const [, payload = ""] = (await issuer.token()).split(".");
    for (const alg of ["none", "None", "NONE", ""]) {
      const header = Buffer.from(JSON.stringify({ alg, kid: "first" })).toString("base64url");
      const { code } = await refusal(`${header}.${payload}.`);
      expect(code).toBe(alg === "" ? "token_malformed" : "token_algorithm_refused");
    }
  });

  it("is refused when it is signed by HMAC with the public key as the secret", async () => {
    const publicKey = createPublicKey(issuer.keys.get("first")?.privateKey ?? "");
    for (const secret of [publicKey.export({ type: "spki", format: "pem" }), publicKey.export({ type: "spki", format: "der" })]) {
      const [, payload = ""] = (await issuer.token()).split(".");
      const signed = `${Buffer.from(JSON.stringify({ alg: "HS256", kid: "first" })).toString("base64url")}.${payload}`;
      const token = `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
      expect(await refusal(token)).toEqual(refused("token_algorithm_refused", /shared secret/));
    }
  });

  it("is refused with a key of its own, also under a known name and in its own header", async () => {
    const { publicKey, privateKey: key } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const jwk = publicKey.export({ format: "jwk" });
    expect(await refusal(issuer.token({ key }))).toEqual(refused("token_signature_invalid", /not that of its issuer's key/));
    expect(await refusal(issuer.token({ key, header: { jwk, jku: "https://evil.example/keys" } }))).toEqual(
      refused("token_signature_invalid", /not that of its issuer's key/),
    );
  });

  it("is refused when a claim was changed", async () => {
    const [header, payload = "", signature] = (await issuer.token()).split(".");
    const claims = { ...JSON.parse(Buffer.from(payload, "base64url").toString()), roles: ["Admin"] };
    const token = [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
    expect(await refusal(token)).toEqual(refused("token_signature_invalid", /signature/));
  });

  it("is refused when it is cut off, encrypted, no JSON, or says that it must be understood otherwise", async () => {
    const token = await issuer.token();
    expect((await refusal(token.slice(0, -4))).code).toBe("token_signature_invalid");
    for (const broken of [
      token.slice(0, token.lastIndexOf(".")),
      `${token}.a.b`,
      `${token}=`,
      `${token} ${token}`,
      "opaque-token-of-nobody",
    ]) {
      expect(await refusal(broken)).toEqual(refused("authorization_malformed", /exactly one JWT/));
    }
    expect((await refusal("bm90anNvbg.bm90anNvbg.bm90anNvbg")).code).toBe("token_malformed");
    const critical = Buffer.from(JSON.stringify({ alg: "RS256", kid: "first", crit: ["urn:x"], "urn:x": 1 })).toString("base64url");
    expect((await refusal(`${critical}${token.slice(token.indexOf("."))}`)).code).toBe("token_malformed");
  });
});

describe("a token of the right issuer that is not for this", () => {
  it.each<[string, MtlsPopErrorCode, RegExp, Record<string, unknown>]>([
    [
      "another issuer",
      "token_issuer_refused",
      /iss "https:\/\/evil\.example", expected was https:\/\/issuer/,
      { iss: "https://evil.example" },
    ],
    ["an issuer with a slash more", "token_issuer_refused", /expected was/, { iss: `${ISSUER}/` }],
    ["no issuer", "token_malformed", /iss is missing/, { iss: undefined }],
    ["another audience", "token_audience_refused", /aud "api:\/\/else", expected was api:\/\/orders/, { aud: "api://else" }],
    ["the audience in other letters", "token_audience_refused", /expected was/, { aud: "API://orders" }],
    ["no audience", "token_malformed", /aud is missing/, { aud: undefined }],
    ["no end", "token_malformed", /exp is missing/, { exp: undefined }],
    ["an end that is no number", "token_malformed", /exp/, { exp: "tomorrow" }],
    ["no certificate", "token_confirmation_missing", /bound to nothing/, { cnf: undefined }],
    ["a confirmation of another kind", "token_confirmation_missing", /bound to nothing/, { cnf: { jkt: "x".repeat(43) } }],
    ["a confirmation that is no object", "token_confirmation_missing", /bound to nothing/, { cnf: confirmation(caller) }],
    ["a list of confirmations", "token_confirmation_missing", /bound/, { cnf: { "x5t#S256": [confirmation(caller)] } }],
    ["the start of a confirmation", "token_confirmation_missing", /bound/, { cnf: { "x5t#S256": confirmation(caller).slice(0, 20) } }],
    ["a confirmation with padding", "token_confirmation_missing", /bound/, { cnf: { "x5t#S256": `${confirmation(caller)}=` } }],
    ["another certificate", "token_confirmation_mismatch", /bound to A{43}, the certificate/, { cnf: { "x5t#S256": "A".repeat(43) } }],
  ])("is refused with %s", async (_name, code, message, claims) => {
    expect(await refusal(issuer.token({ claims }))).toEqual(refused(code, message));
  });

  it("is refused when it says that it is something else than an access token", async () => {
    expect(await refusal(issuer.token({ header: { typ: "logout+jwt" } }))).toEqual(refused("token_malformed", /logout\+jwt/));
  });

  it("is refused with the certificate of somebody else, also one for the same key", async () => {
    const { certificateDer, privateKeyPem } = await issue();
    const renewed = await issue({ privateKey: privateKeyPem });
    const token = await issuer.token({ claims: { cnf: { "x5t#S256": confirmation(new X509Certificate(certificateDer)) } } });
    const shown = (certificate: Uint8Array) => verifyPopToken({ authorization: `pop ${token}`, certificate }, options);
    await expect(shown(certificateDer)).resolves.toBeDefined();
    await expect(shown(renewed.certificateDer)).rejects.toEqual(refused("token_confirmation_mismatch", /was stolen/));
  });
});

describe("a request without usable credentials", () => {
  it.each<[string | null | undefined, MtlsPopErrorCode, RegExp]>([
    [undefined, "authorization_missing", /no Authorization header/],
    [null, "authorization_missing", /no Authorization header/],
    ["", "authorization_missing", /no Authorization header/],
    ["Bearer a.b.c", "authorization_scheme_refused", /has the scheme bearer; bound tokens come with pop or mtls_pop/],
    ["bEARER a.b.c", "authorization_scheme_refused", /has the scheme bearer/],
    ["Basic dTpw", "authorization_scheme_refused", /has the scheme basic/],
    ["s3cr3t.token.alone", "authorization_scheme_refused", /has another scheme/],
    ["pop", "authorization_malformed", /no token/],
    ["pop ", "authorization_malformed", /no token/],
    ["pop a.b.c, pop a.b.c", "authorization_malformed", /exactly one JWT/],
    ["pop a.b.c, Bearer a.b.c", "authorization_malformed", /exactly one JWT/],
    ["popa.b.c", "authorization_scheme_refused", /another scheme/],
  ])("is refused: %j", async (authorization, code, message) => {
    const error: unknown = await verifyPopToken({ authorization, certificate: caller }, options).catch((thrown: unknown) => thrown);
    expect(error).toEqual(refused(code, message));
    expect(inspect(error)).not.toContain("s3cr3t");
  });

  it("is refused when the header is longer than any token", async () => {
    const authorization = `pop ${"a".repeat(20_000)}.b.c`;
    await expect(verifyPopToken({ authorization, certificate: caller }, options)).rejects.toEqual(
      refused("authorization_malformed", /20008 characters; 16384 at most/),
    );
  });

  it("is refused without a certificate, before any key is asked for", async () => {
    const asked = issuer.asked();
    const token = await issuer.token();
    for (const certificate of [undefined, null, "", new Uint8Array()]) {
      await expect(verifyPopToken({ authorization: `pop ${token}`, certificate }, issuer.options())).rejects.toEqual(
        refused("client_certificate_missing", /no client certificate/),
      );
    }
    expect(issuer.asked()).toBe(asked);
  });
});

describe("the options", () => {
  it.each<[string, unknown, RegExp]>([
    ["issuer", undefined, /needs `issuer`/],
    ["issuer", [], /takes `issuer` as a non-empty string or an array/],
    ["audience", "", /takes `audience`/],
    ["audience", undefined, /needs `audience`/],
    ["jwks", undefined, /needs `jwks`, an https URL or a JSON Web Key Set/],
    ["jwks", "http://issuer.example/keys", /takes `jwks` as an https URL/],
    ["jwks", { keys: [] }, /takes `jwks`/],
    ["algorithms", ["HS256"], /takes `algorithms` as an array of RS256/],
    ["algorithms", ["none"], /takes `algorithms`/],
    ["algorithms", [], /takes `algorithms`/],
    ["clockToleranceSeconds", 601, /from 0 to 600/],
    ["clockToleranceSeconds", Number.NaN, /from 0 to 600/],
    ["audiences", ["a"], /did you mean `audience`/],
  ])("are refused with %s as %j", async (name, value, message) => {
    const over = { ...options, [name]: value };
    await expect(verifyPopToken({ authorization: undefined, certificate: caller }, over)).rejects.toEqual(
      refused("invalid_options", message),
    );
  });
});
