import { describe, expect, it } from "vitest";
import { ERROR_CODES, MtlsPopError, type MtlsPopErrorCode } from "../../src/errors.js";
import { popChallenge } from "../../src/guard/pop-challenge.js";
import { claimsChallenge } from "../../src/resource/challenge.js";
import { thrown } from "../thrown.js";

const codes = Object.keys(ERROR_CODES) as MtlsPopErrorCode[];
const guardCodes = codes.slice(codes.indexOf("authorization_missing"), codes.indexOf("signing_keys_unavailable"));

describe("the challenge", () => {
  it("names both schemes, and no error where there were no credentials", () => {
    for (const code of ["authorization_missing", "authorization_scheme_refused"] as const) {
      expect(popChallenge(new MtlsPopError(code, "m"))).toBe("pop, mtls_pop");
      expect(popChallenge(new MtlsPopError(code, "m"), { realm: "orders" })).toBe('pop realm="orders", mtls_pop realm="orders"');
    }
  });

  it("says what is wrong with credentials, for each scheme", () => {
    const parameters = 'realm="orders", error="invalid_token", error_description="The token is bound to another certificate."';
    expect(popChallenge(new MtlsPopError("token_confirmation_mismatch", "m"), { realm: "orders" })).toBe(
      `pop ${parameters}, mtls_pop ${parameters}`,
    );
  });

  it("is there for every refusal of a guard, and for no other error", () => {
    expect(guardCodes).toHaveLength(15);
    const challenged = codes.filter((code) => popChallenge(new MtlsPopError(code, "m")) !== undefined);
    expect(challenged).toEqual(guardCodes);
    expect([popChallenge(new Error("m")), popChallenge(undefined)]).toEqual([undefined, undefined]);
  });

  it("says nothing of what the error's message says", () => {
    for (const code of guardCodes) {
      expect(popChallenge(new MtlsPopError(code, "secret", { help: "secret", cause: new Error("secret") }))).not.toContain("secret");
    }
  });

  it("asks for no claims in the eyes of the bound fetch", () => {
    for (const code of guardCodes) expect(claimsChallenge(popChallenge(new MtlsPopError(code, "m"), { realm: "o" }))).toBeUndefined();
  });

  it.each(['a"b', "a\\b", "a\r\nb", "ü", ""])("refuses the realm %j", (realm) => {
    expect(thrown(() => popChallenge(new MtlsPopError("token_expired", "m"), { realm }))).toMatchObject({ code: "invalid_options" });
  });
});
