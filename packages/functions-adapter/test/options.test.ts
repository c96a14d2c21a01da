import { isMtlsPopError, type MtlsPopError } from "@mtls-pop/core";
import { startFunctionsHost } from "@mtls-pop/emulator";
import { describe, expect, it } from "vitest";
import { withMtlsPop } from "../src/index.js";

const handler = async () => undefined;

function refusal(...given: unknown[]): MtlsPopError {
  try {
    Reflect.apply(withMtlsPop, undefined, given);
  } catch (error) {
    if (isMtlsPopError(error)) return error;
    throw error;
  }
  throw new Error("It was taken.");
}

describe("withMtlsPop refuses", () => {
  it.each([
    [{ resource: {} }, "did you mean `resources`?"],
    [{ warmUp: true }, "did you mean `warmup`?"],
    [{ token: {} }, "did you mean `tokens`?"],
    [{ scopes: [] }, "Known: resources, tokens, warmup."],
    [{ warmup: "yes" }, "takes `warmup` as true or false, but got a string"],
    [{ resources: [] }, "takes `resources` as an object with a resource for each name"],
    [{ resources: { vault: "https://a.vault.azure.net" } }, "takes `resources` as an object with a resource for each name"],
    [{ resources: { vault: null } }, "takes `resources` as an object with a resource for each name"],
    [{ resources: { vault: {} } }, 'resource "vault" needs `baseUrl`'],
    [{ resources: { vault: { baseUrl: "%VAULT_URL%", scop: "a" } } }, 'resource "vault": `scop` is not an option; did you mean `scope`?'],
    [{ resources: { vault: { baseUrl: "%VAULT_URL%", profile: "keyvault" } } }, 'takes `profile` as "key-vault" or "graph" or "default"'],
    [{ resources: { vault: { baseUrl: "%VAULT_URL%", tls: { maxVersions: "TLSv1.2" } } } }, "did you mean `maxVersion`?"],
    [{ tokens: {} }, "takes `tokens` as a token source"],
    [null, "takes a handler, or an options object and then a handler"],
  ])("the options %j, and says why", (options, why) => {
    const error = refusal(options, handler);
    expect([error.code, error.message]).toEqual(["invalid_options", expect.stringContaining(why)]);
  });

  it.each(["fetch", "close", "then", "acquireToken", "acquireBoundToken"])("a client of the name %s", (name) => {
    const error = refusal({ resources: { [name]: { baseUrl: "https://a.example" } } }, handler);
    expect([error.code, error.message]).toEqual(["reserved_client_name", expect.stringContaining(`"${name}"`)]);
  });

  it.each([
    [[], "takes a handler, or an options object"],
    [[undefined], "takes the handler as a function, but got undefined"],
    [[{}, null], "takes the handler as a function, but got null"],
    [[handler, {}], "takes a handler, or an options object and then a handler"],
  ])("the arguments %j", (given, why) => {
    const error = refusal(...given);
    expect([error.code, error.message]).toEqual(["invalid_options", expect.stringContaining(why)]);
  });

  it("a handler that is wrapped already", async () => {
    const entry = () => {
      throw refusal(withMtlsPop(handler));
    };
    await expect(startFunctionsHost({ entry })).rejects.toMatchObject({
      code: "invalid_options",
      message: "withMtlsPop got a handler that is wrapped already. Wrap it once.",
    });
  });
});
