import { describe, expect, it } from "vitest";
import { parseTokenResponse } from "../../src/token/token-response.js";
import { thrown } from "../thrown.js";

const asked = {
  tokenType: "mtls_pop",
  scope: "https://vault.azure.net/.default",
  correlationId: "c0ffee00-0000-4000-8000-000000000000",
} as const;
const answer = { token_type: "mtls_pop", access_token: "secret-token", expires_in: 3600 };
const parse = (over: object) => parseTokenResponse(JSON.stringify({ ...answer, ...over }), asked);

describe("parseTokenResponse", () => {
  it.each([3600, "3600"])("takes expires_in as %j", (expires_in) => {
    expect(parse({ expires_in }).expiresInSeconds).toBe(3600);
  });

  it.each([1800, "1800"])("takes refresh_in as %j", (refresh_in) => {
    expect(parse({ refresh_in }).refreshInSeconds).toBe(1800);
  });

  it("takes the asked scopes when the answer names none", () => {
    expect(parse({}).scopes).toEqual(["https://vault.azure.net/.default"]);
    expect(parse({ scope: "a b" }).scopes).toEqual(["a", "b"]);
    expect(parse({ scope: " " }).scopes).toEqual(["https://vault.azure.net/.default"]);
    expect(parse({ scope: " a  b " }).scopes).toEqual(["a", "b"]);
  });

  it.each(["MTLS_POP", "Mtls_Pop"])("compares the token type without case: %s", (token_type) => {
    expect(parse({ token_type }).tokenType).toBe("mtls_pop");
  });

  it.each(["Bearer", "pop", "mtls_pop "])("REQ-06 refuses the token type %j for a bound request", (token_type) => {
    expect(() => parse({ token_type })).toThrow(expect.objectContaining({ code: "token_type_mismatch" }));
  });

  it("refuses a bound answer to a Bearer request", () => {
    expect(() => parseTokenResponse(JSON.stringify(answer), { ...asked, tokenType: "Bearer" })).toThrow(
      expect.objectContaining({ code: "token_type_mismatch" }),
    );
  });

  it.each([undefined, "", 7, null])("refuses a missing token type: %j", (token_type) => {
    expect(() => parse({ token_type })).toThrow(
      expect.objectContaining({ code: "token_type_missing", correlationId: asked.correlationId }),
    );
  });

  it.each([
    { access_token: undefined },
    { access_token: "" },
    { access_token: 7 },
    { expires_in: undefined },
    { expires_in: "soon" },
    { expires_in: -1 },
    { expires_in: null },
    { expires_in: [3600] },
    { expires_in: "1e9" },
    { expires_in: " " },
    { expires_in: 1e15 },
    { expires_in: "99999999999999999999" },
    { access_token: "a\r\nx-evil: 1" },
    { access_token: "a b" },
    { access_token: "t\u00f6ken" },
    { access_token: ["a"] },
  ])("refuses %j", (over) => {
    expect(() => parse(over)).toThrow(expect.objectContaining({ code: "invalid_token_response" }));
  });

  it("refuses a lifetime that no number holds", () => {
    const body = JSON.stringify(answer).replace("3600", "1e400");
    expect(() => parseTokenResponse(body, asked)).toThrow(expect.objectContaining({ code: "invalid_token_response" }));
  });

  it.each([-1, "soon", 1e15, null, {}])("passes over a refresh time that is none: %j", (refresh_in) => {
    expect(parse({ refresh_in }).refreshInSeconds).toBeUndefined();
  });

  it.each([7, null, ["a"], {}, ""])("takes the asked scopes when the answer's are no text: %j", (scope) => {
    expect(parse({ scope }).scopes).toEqual([asked.scope]);
  });

  it.each([{}, [], ["mtls_pop"], true])("takes %j for no token type", (token_type) => {
    expect(() => parse({ token_type })).toThrow(expect.objectContaining({ code: "token_type_missing" }));
  });

  it("repeats a strange token type in part, without its control characters", () => {
    const { message } = thrown(() => parse({ token_type: `Bearer\u001b[31m\n${"x".repeat(100_000)}` }));
    expect(message.length).toBeLessThan(500);
    expect(message).not.toMatch(/[\p{Cc}]/u);
  });

  it("takes nothing from an answer's prototype", () => {
    const body = `{"__proto__":${JSON.stringify(answer)}}`;
    expect(thrown(() => parseTokenResponse(body, asked)).code).toBe("token_type_missing");
  });

  it.each(["", "<html>", '{"access_token":"secret-token"', "null", "[]", '"secret-token"'])("refuses %j and does not repeat it", (body) => {
    try {
      parseTokenResponse(body, asked);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "invalid_token_response" });
      expect(JSON.stringify(error) + String(error)).not.toContain("secret-token");
    }
  });
});
