import { describe, expect, it } from "vitest";
import { ADVICE, entraAdvice } from "../../src/token/entra-advice.js";
import { entraError } from "../../src/token/entra-error.js";

/** PROTOCOL.md section 8 and what a new registration may meet, with a word that the advice must hold. */
const ROWS = [
  [51000, /enablement/],
  [392189, /subject name and issuer|federated/],
  [392196, /another resource|Bearer/],
  [392200, /proxy that ends TLS/],
  [3921996, /tenant's enablement/],
  [500181, /leg-1 result/],
  [700027, /register this certificate/],
  [700025, /allow-listed/],
  [700016, /service principal/],
  [700211, /principal id/],
  [700212, /api:\/\/AzureADTokenExchange/],
  [700213, /principal id/],
  [700024, /clock/],
  [7000214, /clock/],
  [1000502, /clock/],
  [1000901, /clock/],
  [1000610, /attestation/],
  [1000611, /attestation/],
  [1000612, /attestation/],
  [1000613, /attestation/],
  [1000614, /attestation/],
  [100007, /azureRegion/],
  [50196, /one application object/],
] as const;

describe("entraAdvice", () => {
  it.each(ROWS)("has advice for AADSTS%d, which stands in the error", (code, words) => {
    expect(entraAdvice([code])?.help).toMatch(words);
    const body = JSON.stringify({ error: "invalid_client", error_description: `AADSTS${code}: No.`, error_codes: [code] });
    const error = entraError({ status: 400, headers: {}, body, host: "h", correlationId: "c", nowMs: 0 });
    expect(error.help).toMatch(words);
    expect(error.message.endsWith(error.help ?? "?")).toBe(true);
  });

  it("has advice for these codes and no others", () => {
    expect(ADVICE.flatMap(({ codes }) => codes).sort()).toEqual(ROWS.map(([code]) => code).sort());
  });

  it("takes numbers whole: 3921996 is not 392199, nor a kind of 392196", () => {
    expect(entraAdvice([392199])).toBeUndefined();
    expect(entraAdvice([39219])).toBeUndefined();
    expect(entraAdvice([3921996])?.meaning).toContain("attested");
    expect(entraAdvice([392196])?.meaning).not.toContain("attested");
  });

  it("takes the first number that it knows", () => {
    expect(entraAdvice([7, 51000, 392196])?.codes).toEqual([51000]);
    expect(entraAdvice([])).toBeUndefined();
  });
});
