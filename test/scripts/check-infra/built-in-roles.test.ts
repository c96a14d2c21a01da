import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readBicepFolder } from "../../../scripts/check-infra/bicep-folder.js";

/** @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const ROLES: Readonly<Record<string, string>> = {
  "Key Vault Certificate User": "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
  "Key Vault Certificates Officer": "a4417e6f-fecd-4de8-b567-7b0420556985",
  "Key Vault Secrets Officer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
  "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
  "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
  "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
};

/** `keyVaultSecretsUser: '…'` in an object, or `@description('Storage Blob Data Owner.')` above a variable. */
const NAMED = /(?:(\w+): |@description\('([^']*)\.'\)\n\s*var \w+ = )'([0-9a-f]{8}-[0-9a-f-]{27})'/g;

/** As a property is named: `keyVaultSecretsUser`. */
function asProperty(role: string): string {
  return role.charAt(0).toLowerCase() + role.slice(1).replaceAll(" ", "");
}

describe("the roles that infra/ assigns", async () => {
  const files = await readBicepFolder(fileURLToPath(new URL("../../../infra/", import.meta.url)));
  const texts = files.map(({ root }) => root.text).join("\n");
  const named = Array.from(texts.matchAll(NAMED), ([, property, description, id = ""]) => [property ?? description ?? "", id] as const);

  it("are all named", () => {
    expect(named.length).toBeGreaterThan(0);
    expect(named).toHaveLength(Array.from(texts.matchAll(/'[0-9a-f]{8}-[0-9a-f-]{27}'/g)).length);
  });

  it.each(named)("%s has the id that Azure gave it", (name, id) => {
    const role = Object.keys(ROLES).find((one) => one === name || asProperty(one) === name);
    expect(id).toBe(ROLES[role ?? ""]);
  });
});
