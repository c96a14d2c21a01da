import { app, type HttpRequest, type InvocationContext } from "@azure/functions";
import type { FetchFunction } from "@mtls-pop/core";
import type { VerifiedPopToken } from "@mtls-pop/core/guard";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type RequireMtlsPopOptions, requireMtlsPop } from "../../src/guard/index.js";
import { withMtlsPop } from "../../src/index.js";

const options: RequireMtlsPopOptions = {
  issuer: "https://issuer.example",
  audience: "api://orders",
  jwks: "https://issuer.example/keys",
  certificateFrom: "app-service-required",
};
const guarded = (over: object, handler: unknown = () => ({})): unknown =>
  Reflect.apply(requireMtlsPop, undefined, [{ ...options, ...over }, handler]);

describe("the options of requireMtlsPop, when the function is registered", () => {
  it.each<[string, object, RegExp]>([
    ["no source of the certificate", { certificateFrom: undefined }, /needs `certificateFrom`/],
    ["the connection, which no handler sees", { certificateFrom: "connection" }, /the host ends it, and a handler sees none/],
    ["a source that is none", { certificateFrom: "app-service" }, /takes `certificateFrom` as "app-service-required"/],
    ["a header that nobody sets", { certificateFrom: { header: "x-client-cert" } }, /takes `certificateFrom`/],
    ["keys over http", { jwks: "http://issuer.example/keys" }, /takes `jwks` as an https URL/],
    ["no issuer", { issuer: undefined }, /needs `issuer`/],
    ["an algorithm of shared secrets beside references", { issuer: "%ISSUER%", algorithms: ["HS256"] }, /takes `algorithms`/],
    ["a realm that would break the header", { realm: 'a"b' }, /takes `realm`/],
    ["a misspelt option", { audiences: "a" }, /did you mean `audience`/],
    ["no handler", {}, /takes its options and then the handler/],
  ])("are refused with %s", (name, over, message) => {
    expect(() => guarded(over, name === "no handler" ? null : () => ({}))).toThrow(
      expect.objectContaining({ code: "invalid_options", message: expect.stringMatching(message) }),
    );
  });

  it("are taken with references to settings that are not there yet", () => {
    expect(guarded({ issuer: "%ISSUER%", audience: ["%A%", "b"], jwks: "%JWKS%" })).toBeTypeOf("function");
  });
});

describe("the types of requireMtlsPop", () => {
  it("infer request, context, caller and, inside withMtlsPop, the clients", () => {
    // only the compiler looks at what stands in here
    const compiles = (): void => {
      app.http("alone", {
        handler: requireMtlsPop(options, async (request, context, caller) => {
          expectTypeOf(request).toEqualTypeOf<HttpRequest>();
          expectTypeOf(context).toEqualTypeOf<InvocationContext>();
          expectTypeOf(caller).toEqualTypeOf<VerifiedPopToken>();
          return { status: 204 };
        }),
      });
      app.get(
        "onward",
        withMtlsPop(
          { resources: { vault: { baseUrl: "%KEY_VAULT_URL%" } } },
          requireMtlsPop(options, async (_request, _context, caller, { vault, fetch }) => {
            expectTypeOf(caller.clientId).toEqualTypeOf<string | undefined>();
            expectTypeOf(vault).toEqualTypeOf<FetchFunction>();
            expectTypeOf(fetch).toEqualTypeOf<FetchFunction>();
            return { status: 204 };
          }),
        ),
      );
      // @ts-expect-error a handler sees no connection
      requireMtlsPop({ ...options, certificateFrom: "connection" }, () => ({}));
      // @ts-expect-error where the certificate comes from has to be said
      requireMtlsPop({ issuer: "", audience: "", jwks: "" }, () => ({}));
      // @ts-expect-error a number is no answer
      requireMtlsPop(options, () => 7);
    };
    expect(compiles).toBeTypeOf("function");
  });
});
