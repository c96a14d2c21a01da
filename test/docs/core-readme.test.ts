import * as core from "@mtls-pop/core";
import { beforeAll, describe, expect, it } from "vitest";
import { optionNames } from "./compile.js";
import { documentAt } from "./documents.js";
import { tableRows } from "./markdown.js";

const README = documentAt("packages/core/README.md").text;

describe("the option tables in core's README", () => {
  let options: ReturnType<typeof optionNames>;
  beforeAll(() => {
    options = optionNames("@mtls-pop/core", ["ConfidentialClientOptions", "ManagedIdentityOptions", "TransportOptions", "ResourceOptions"]);
  }, 120_000);

  it.each([
    // that there is no client secret is said below the tables
    ["ConfidentialClientOptions", "Option", ["clientSecret"]],
    ["ManagedIdentityOptions", "Option of a managed identity", []],
    ["TransportOptions", "transport", []],
    ["ResourceOptions", "Option of a resource", []],
  ] as const)("name every one of %s, and no other", (type, column, unlisted) => {
    const rows = tableRows(README, [column, "What it is", "Default"]);
    const names = rows.flatMap((row) => row[column].replaceAll("`", "").split(", ")).map((name) => name.split(".")[0] ?? "");
    expect([...names, ...unlisted].sort()).toEqual(options.get(type));
  });
});

describe("the list of exports in core's README", () => {
  it("has every function, class and constant, and no other", () => {
    const named = tableRows(README, ["Export", "What it is"]).flatMap(({ Export }) => Export.replaceAll("`", "").split(", "));
    expect(named.sort()).toEqual(Object.keys(core).sort());
  });
});
