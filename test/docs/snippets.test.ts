import { describe, expect, it } from "vitest";
import { compile } from "./compile.js";
import { documentSnippets, exampleSnippets } from "./snippets.js";

describe("the snippets that a reader is shown", () => {
  it("compile in every document under the strict options of the packages", { timeout: 120_000 }, () => {
    expect(compile(documentSnippets())).toEqual([]);
  });

  it.each(["core", "functions-adapter", "emulator"] as const)("compile in the @examples of %s", { timeout: 120_000 }, (name) => {
    expect(compile(exampleSnippets(name))).toEqual([]);
  });
});
