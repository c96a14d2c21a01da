import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../packages/core/src/errors.js";
import { documentAt } from "./documents.js";
import { tableRows } from "./markdown.js";

const { text } = documentAt("docs/identities.md");
const problems = tableRows(text, ["Problem", "Solution"]);

/** The codes of errors.md's section of that name. */
function codesOf(section: string): string[] {
  const [, after = ""] = documentAt("docs/errors.md").text.split(`\n## ${section}\n`);
  const [own = ""] = after.split("\n## ");
  return tableRows(own, ["Code", "Kind", "Retryable", "When", "What to do"]).map((row) => row.Code);
}

describe("docs/identities.md", () => {
  it.each([
    "WithClientAssertion",
    "ClientSignedAssertion",
    "ManagedIdentityId",
    "WithMtlsProofOfPossession()",
    "WithAttestationSupport()",
    "AADSTS500181",
    "jwt-pop",
  ])("has the guide's row for the trouble with %s", (trouble) => {
    expect(problems.find(({ Problem }) => Problem.includes(trouble))?.Solution).toMatch(/\w{3}/);
  });

  it("has a row for every error of a managed identity", () => {
    const codes = codesOf("Managed identity");
    expect(codes).toContain("managed_identity_unavailable");
    const rows = problems.map(({ Problem, Solution }) => `${Problem} ${Solution}`);
    expect(codes.filter((code) => !rows.some((row) => row.includes(code)))).toEqual([]);
  });

  it("names no error that there is not", () => {
    const named = problems.flatMap(({ Problem }) => Problem.match(/\b[a-z\d]+(?:_[a-z\d]+)+\b/g) ?? []);
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });
});
