import { describe, expect, it } from "vitest";
import { claimsChallenge } from "../../src/resource/challenge.js";

const CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
const base64 = Buffer.from(CLAIMS).toString("base64");

describe("claimsChallenge", () => {
  it.each([
    ["Entra's own form", `Bearer realm="", authorization_uri="https://login/", error="insufficient_claims", claims="${base64}"`],
    ["another scheme", `mtls_pop error="insufficient_claims", claims="${base64}"`],
    ["the other order", `pop claims="${base64}", error="insufficient_claims"`],
    ["without quotes", `pop error=insufficient_claims, claims=${base64.replaceAll("=", "")}`],
    ["capitals and spaces", `POP  Error = "insufficient_claims" ,  CLAIMS = "${base64}"`],
    ["the second of two challenges", `pop realm="a, b", error="invalid_token", mtls_pop error="insufficient_claims", claims="${base64}"`],
    ["base64url", `pop error="insufficient_claims", claims="${Buffer.from(CLAIMS).toString("base64url")}"`],
  ])("finds the claims in %s", (_what, header) => {
    expect(claimsChallenge(header)).toBe(CLAIMS);
  });

  it.each([
    ["no header", undefined],
    ["an empty one", ""],
    ["another error", `pop error="invalid_token", claims="${base64}"`],
    ["error and claims of two challenges", `pop error="insufficient_claims", mtls_pop claims="${base64}"`],
    ["no claims", 'pop error="insufficient_claims"'],
    ["claims that are no JSON", `pop error="insufficient_claims", claims="${Buffer.from("{").toString("base64")}"`],
    ["claims that are no object", `pop error="insufficient_claims", claims="${Buffer.from("[1]").toString("base64")}"`],
    ["claims without end", `pop error="insufficient_claims", claims="${Buffer.alloc(20_000, "{").toString("base64")}"`],
    ["a quote that is not closed", `pop error="insufficient_claims", claims="${base64}`],
    ["parameters of no scheme", `error="insufficient_claims", claims="${base64}"`],
  ])("finds none in %s", (_what, header) => {
    expect(claimsChallenge(header)).toBeUndefined();
  });
});
