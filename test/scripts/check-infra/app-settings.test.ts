import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { assertCredential } from "../../../packages/functions-adapter/src/credential-check.js";
import { SETTINGS } from "../../../packages/functions-adapter/src/settings.js";
import { propertiesOf, readBicepFile } from "../../../scripts/check-infra/bicep-file.js";
import { meaningful } from "../../../scripts/check-infra/bicep-parser.js";

const GUID = "6325cd32-9911-41f3-819c-416cdf9104e7";
/** Read by the Functions host, and by the sample itself. */
const OF_OTHERS = /^(?:AzureWebJobsStorage__|APPLICATIONINSIGHTS_|KEY_VAULT_|CHECKED_SECRET_NAME$)/;

/** The names of the app settings that infra/ gives the app: always, and with a certificate. */
async function deployedSettings(): Promise<{ always: string[]; withCertificate: string[] }> {
  const path = fileURLToPath(new URL("../../../infra/modules/function-app.bicep", import.meta.url));
  const file = await readBicepFile("function-app.bicep", await readFile(path, "utf8"));
  const union = propertiesOf(file.resources.find(({ name }) => name === "settings")?.body ?? file.root).get("properties");
  const [always] = meaningful(union?.childForFieldName("arguments") ?? file.root);
  const certificate = file.variables.find(({ name }) => name === "certificateSettings")?.value.childForFieldName("consequence");
  return { always: [...propertiesOf(always ?? file.root).keys()], withCertificate: [...propertiesOf(certificate ?? file.root).keys()] };
}

/** Settings with values of the right kind. */
function environment(names: readonly string[], credential: string): Record<string, string> {
  const values: Record<string, string> = {
    MTLS_POP_CREDENTIAL: credential,
    MTLS_POP_CERTIFICATE_VAULT_URL: "https://contoso.vault.azure.net",
  };
  return Object.fromEntries(names.map((name) => [name, values[name] ?? GUID]));
}

describe("the app settings that are deployed", () => {
  it("are each read by somebody", async () => {
    const { always, withCertificate } = await deployedSettings();
    const known = new Set<string>(SETTINGS.map(({ name }) => name));
    expect(always).toContain("MTLS_POP_CREDENTIAL");
    expect(withCertificate).toContain("MTLS_POP_CERTIFICATE_VAULT_URL");
    expect([...always, ...withCertificate].filter((name) => !known.has(name) && !OF_OTHERS.test(name))).toEqual([]);
  });

  it("are what the adapter needs, and contradict each other in neither variant", async () => {
    const { always, withCertificate } = await deployedSettings();
    expect(() => assertCredential(environment([...always, ...withCertificate], "certificate"), [])).not.toThrow();
    expect(() => assertCredential(environment(always, "federated"), [])).not.toThrow();
    expect(() => assertCredential(environment(always, "certificate"), [])).toThrow(/MTLS_POP_MANAGED_IDENTITY_CLIENT_ID/);
  });
});
