import { describe, expect, it } from "vitest";
import { compile } from "./compile.js";
import { documentSnippets, exampleSnippets } from "./snippets.js";

describe("compile", () => {
  it("names document and line of each fault", { timeout: 120_000 }, () => {
    const code = 'import { BindingCertificate } from "@mtls-pop/core";\n\nconst name: number = BindingCertificate.name;';
    const faulty = { path: "docs/errors.md", line: 10, code, packageName: undefined };
    expect(compile([faulty])).toEqual([expect.stringMatching(/^docs\/errors\.md:12 .*not assignable to type 'number'/)]);
  });
});

describe("the snippets that a reader is shown", () => {
  it("compile in every document under the strict options of the packages", { timeout: 120_000 }, () => {
    expect(compile(documentSnippets())).toEqual([]);
  });

  it.each(["core", "functions-adapter", "emulator"] as const)("compile in the @examples of %s", { timeout: 120_000 }, (name) => {
    expect(compile(exampleSnippets(name))).toEqual([]);
  });
});
