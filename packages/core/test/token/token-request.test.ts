import { describe, expect, it } from "vitest";
import { assertExtraBodyParameters, tokenRequestBody, tokenRequestHeaders } from "../../src/token/token-request.js";

const request = { clientId: "11111111-0000-0000-0000-00000000000a", scope: "https://vault.azure.net/.default" };
const form = (over: object) => Object.fromEntries(new URLSearchParams(tokenRequestBody({ ...request, bound: true, ...over })));

describe("tokenRequestBody", () => {
  it("REQ-01 sends exactly flow (1) for a bound token by certificate", () => {
    expect(form({})).toEqual({
      client_id: request.clientId,
      grant_type: "client_credentials",
      scope: request.scope,
      token_type: "mtls_pop",
    });
  });

  it("REQ-03 sends exactly flow (4) for a bound token by assertion", () => {
    expect(form({ clientAssertion: { assertion: "a.b.c", type: "jwt-pop" } })).toEqual({
      client_id: request.clientId,
      grant_type: "client_credentials",
      scope: request.scope,
      token_type: "mtls_pop",
      client_assertion: "a.b.c",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-pop",
    });
  });

  it("leaves token_type out of a Bearer request", () => {
    expect(form({ bound: false })).not.toHaveProperty("token_type");
  });

  it("adds claims, fmi_path and extra parameters", () => {
    expect(form({ claims: "{}", fmiPath: "a/b", extraBodyParameters: { dc: "ESTS" } })).toMatchObject({
      claims: "{}",
      fmi_path: "a/b",
      dc: "ESTS",
    });
  });

  it.each([
    "client_id",
    "grant_type",
    "client_assertion",
    "client_assertion_type",
    "token_type",
    "req_cnf",
    "scope",
    "client_secret",
    "Token_Type",
    " scope ",
  ])("REQ-05 refuses the extra parameter %j", (name) => {
    expect(() => assertExtraBodyParameters({ dc: "ESTS", [name]: "x" })).toThrow(
      expect.objectContaining({ code: "reserved_body_parameter", message: expect.stringContaining(name) }),
    );
  });

  it.each(["", "a b", "dc\u0000", "d\u00e7", "a[b]", "x".repeat(65)])(
    "refuses the extra parameter %j, whose name is no parameter's",
    (name) => {
      expect(() => assertExtraBodyParameters({ [name]: "x" })).toThrow(expect.objectContaining({ code: "invalid_options" }));
    },
  );

  it.each([7, null, undefined, ["x"], {}])("refuses the value %j of an extra parameter", (value) => {
    expect(() => assertExtraBodyParameters({ dc: value as never })).toThrow(expect.objectContaining({ code: "invalid_options" }));
  });

  it("sends an extra parameter named __proto__ as any other", () => {
    expect(tokenRequestBody({ ...request, bound: true, extraBodyParameters: JSON.parse('{"__proto__":"x"}') })).toContain("__proto__=x");
  });

  it("says who asks in the headers", () => {
    expect(tokenRequestHeaders("c0ffee00-0000-4000-8000-000000000000")).toMatchObject({
      "client-request-id": "c0ffee00-0000-4000-8000-000000000000",
      "return-client-request-id": "true",
      "x-ms-lib-capability": "retry-after, h429",
      "x-client-SKU": expect.any(String),
      "x-client-Ver": expect.any(String),
    });
  });
});
