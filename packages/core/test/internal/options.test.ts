import { describe, expect, it } from "vitest";
import { assertArguments, assertOptions, flag, nearest, text, textList } from "../../src/internal/options.js";
import { thrown } from "../thrown.js";

const RULES = { scopes: { ...textList, required: true }, claims: text, skipCache: flag };
const refused = (options: unknown) => thrown(() => assertOptions("acquireToken", options, RULES));

describe("assertOptions", () => {
  it("takes what fits, and an option that is there but undefined", () => {
    expect(() => assertOptions("acquireToken", { scopes: ["a"], claims: undefined }, RULES)).not.toThrow();
  });

  it.each([
    [undefined, "acquireToken takes an options object, but got nothing."],
    [null, "but got null."],
    [7, "but got a number."],
    [[], "but got an empty array."],
    ["scopes", "but got a string."],
    [{}, "acquireToken needs `scopes`, an array of non-empty strings."],
    [{ scope: ["a"] }, "acquireToken: `scope` is not an option; did you mean `scopes`?"],
    [{ scopes: ["a"], SkipCache: true }, "did you mean `skipCache`?"],
    [{ scopes: ["a"], colour: "red" }, "`colour` is not an option. Known: scopes, claims, skipCache."],
    [{ scopes: "a" }, "takes `scopes` as an array of non-empty strings, but got a string."],
    [{ scopes: ["a", ""] }, "`scopes`"],
    [{ scopes: new Array(1) }, "`scopes`"],
    [{ scopes: ["a"], skipCache: "yes" }, "takes `skipCache` as true or false, but got a string."],
    [{ scopes: ["a"], claims: " " }, "`claims`"],
    [{ scopes: ["a"], claims: Promise.resolve("{}") }, "but got a Promise, which is to be awaited first."],
  ])("refuses %j and says what would fit", (options, words) => {
    expect(refused(options)).toMatchObject({ code: "invalid_options", message: expect.stringContaining(words) });
  });

  it("never prints a value: it may be a secret in the wrong place", () => {
    for (const options of [
      "hunter2",
      ["hunter2"],
      { scopes: "hunter2" },
      { scopes: ["a"], skipCache: "hunter2" },
      { scopes: ["a"], claims: ["hunter2"] },
    ]) {
      const error = refused(options);
      expect(error.message + JSON.stringify(error)).not.toContain("hunter2");
    }
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("takes no option named %s", (name) => {
    const options = JSON.parse(`{"scopes":["a"],"${name}":{"test":1}}`);
    expect(refused(options).message).toContain(`\`${name}\` is not an option`);
    expect(Reflect.get({}, "test")).toBeUndefined();
  });

  it("says so when an option cannot be read", () => {
    const options = {
      get scopes(): string[] {
        throw new TypeError("not now");
      },
    };
    expect(refused(options)).toMatchObject({ code: "invalid_options", cause: expect.objectContaining({ message: "not now" }) });
  });

  it("does not choke on a name of a million letters", () => {
    const error = refused({ ["x".repeat(1_000_000)]: 1 });
    expect(error.message.length).toBeLessThan(500);
  });
});

describe("assertArguments", () => {
  it.each([null, 7, "text", ["a"]])("refuses %j in the options' place", (options) => {
    expect(thrown(() => assertArguments("fromPem", { scopes: ["a"] }, options, RULES)).code).toBe("invalid_options");
  });
});

describe("nearest", () => {
  it("knows the name that was meant, in any case, and none that is far", () => {
    const known = ["tenantId", "clientId", "certificate"];
    expect(nearest("clientID", known)).toBe("clientId");
    expect(nearest("tenant", known)).toBe("tenantId");
    expect(nearest("certifcate", known)).toBe("certificate");
    expect(nearest("colour", known)).toBeUndefined();
    expect(nearest("", [])).toBeUndefined();
  });
});
