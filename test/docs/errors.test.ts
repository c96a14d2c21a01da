import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../packages/core/src/errors.js";
import { ADVICE } from "../../packages/core/src/token/entra-advice.js";
import { documentAt } from "./documents.js";
import { tableRows } from "./markdown.js";

const { text } = documentAt("docs/errors.md");

describe("docs/errors.md", () => {
  it("has every code in its order, with its kind and whether it is retryable", () => {
    const documented = tableRows(text, ["Code", "Kind", "Retryable", "When", "What to do"]).map((row) => [
      row.Code,
      row.Kind,
      row.Retryable,
    ]);
    const codes = Object.entries(ERROR_CODES).map(([code, [kind, retryable]]) => [code, kind, retryable === "retryable" ? "yes" : "no"]);
    expect(documented).toEqual(codes);
  });

  it("says of every code when it comes and what to do", () => {
    const silent = tableRows(text, ["Code", "Kind", "Retryable", "When", "What to do"]).filter((row) => !row.When || !row["What to do"]);
    expect(silent).toEqual([]);
  });

  it("has the meaning and the advice of every number of Entra's that the errors explain", () => {
    const documented = tableRows(text, ["AADSTS", "Meaning", "What to do"]);
    expect(documented).toEqual(
      ADVICE.map(({ codes, meaning, help }) => ({ AADSTS: codes.join(", "), Meaning: meaning, "What to do": help })),
    );
  });
});
