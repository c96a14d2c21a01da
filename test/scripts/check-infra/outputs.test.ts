import { describe, expect, it } from "vitest";
import { problemsIn } from "./bicep-under-test.js";

const secure = "@description('x')\n@secure()\nparam code string\n";
const output = (name: string, value: string) => `@description('x')\noutput ${name} string = ${value}\n`;

describe("secrets", () => {
  it.each(["SECRET_NAME", "SECRET_VAULT_URL", "secretUri", "CERTIFICATE_VAULT_URL"])(
    "are not suspected behind the output %s",
    async (name) => {
      expect(await problemsIn(output(name, "'x'"))).toEqual([]);
    },
  );

  it.each(["adminPassword", "SECRET_VALUE", "secret", "storageConnectionString", "accessToken", "accountKey"])(
    "are told by the name of the output %s",
    async (name) => {
      expect(await problemsIn(output(name, "'x'"))).toEqual([`main.bicep:2: By its name the output \`${name}\` is a secret.`]);
    },
  );

  it.each([
    ["a secure parameter", `${secure}${output("o", "code")}`, "the parameter `code` is secure"],
    ["a secure parameter inside of a string", `${secure}${output("o", `'a\${code}'`)}`, "the parameter `code` is secure"],
    [
      "a secure parameter by way of a variable",
      `${secure}@description('x')\nvar a = 'a\${code}'\n${output("o", "a")}`,
      "the parameter `code` is secure",
    ],
    [
      "keys of a resource",
      `resource a 'A.B/c@1' existing = {\n  name: 'x'\n}\n${output("o", "a.listKeys().keys[0].value")}`,
      "`listKeys` returns one",
    ],
    ["keys by a function", output("o", "listKeys('x', '1').value"), "`listKeys` returns one"],
    [
      "a secret of a vault",
      `resource a 'A.B/c@1' existing = {\n  name: 'x'\n}\n${output("o", "a.getSecret('x')")}`,
      "`getSecret` returns one",
    ],
  ])("are told in an output that has %s", async (_what, text, message) => {
    expect(await problemsIn(text)).toEqual(expect.arrayContaining([expect.stringContaining(message)]));
  });

  it("are no output by being marked as secure", async () => {
    expect(await problemsIn(`@secure()\n${output("o", "'x'")}`)).toEqual([expect.stringContaining("is marked as secure")]);
  });

  it("are no parameter without @secure", async () => {
    const text = `@description('x')\nparam adminPassword string\n${output("o", `'\${empty(adminPassword)}'`)}`;
    expect(await problemsIn(text)).toEqual([expect.stringContaining("By its name the parameter `adminPassword` is a secret")]);
  });
});
