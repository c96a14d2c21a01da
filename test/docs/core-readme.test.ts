import { beforeAll, describe, expect, it } from "vitest";
import { optionNames } from "./compile.js";
import { documentAt } from "./documents.js";
import { tableRows } from "./markdown.js";

const README = documentAt("packages/core/README.md").text;

describe("the option tables in core's README", () => {
  let options: ReturnType<typeof optionNames>;
  beforeAll(() => {
    options = optionNames("@mtls-pop/core", ["ConfidentialClientOptions", "TransportOptions", "ResourceOptions"]);
  }, 120_000);

  it.each([
    // that there is no client secret is said below the tables
    ["ConfidentialClientOptions", "Option", ["clientSecret"]],
    ["TransportOptions", "transport", []],
    ["ResourceOptions", "Option of a resource", []],
  ] as const)("name every one of %s, and no other", (type, column, unlisted) => {
    const rows = tableRows(README, [column, "What it is", "Default"]);
    const names = rows.flatMap((row) => row[column].replaceAll("`", "").split(", ")).map((name) => name.split(".")[0] ?? "");
    expect([...names, ...unlisted].sort()).toEqual(options.get(type));
  });
});
