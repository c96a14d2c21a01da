import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { propertiesOf } from "../../../scripts/check-infra/bicep-file.js";
import { readBicepFolder } from "../../../scripts/check-infra/bicep-folder.js";
import { meaningful } from "../../../scripts/check-infra/bicep-parser.js";

const WITH_CERTIFICATE = "hasCertificate";
const WITH_DEPLOYER = "!empty(principalId)";

/** Who is given which role on which vault by `main.bicep`, and on what condition. */
async function vaultRoles(): Promise<{ vault: string; who: string; role: string; when: string[] }[]> {
  const files = await readBicepFolder(fileURLToPath(new URL("../../../infra/", import.meta.url)));
  const modules = files.find(({ path }) => path === "main.bicep")?.modules ?? [];
  return modules
    .filter(({ reference }) => reference.startsWith("modules/vault-role"))
    .map(({ node, body }) => {
      const parameters = propertiesOf(propertiesOf(body).get("params") ?? body);
      const text = (name: string): string => parameters.get(name)?.text ?? "";
      const [condition] = meaningful(node).flatMap((child) => (child.type === "if_statement" ? meaningful(child) : []));
      return {
        vault: text("vaultName").replace("names.", ""),
        who: (text("identityName") || text("principalId")).split(" ").at(-1) ?? "",
        role: text("roleDefinitionName").replace("roles.", ""),
        when: condition?.text.replaceAll(/^\(|\)$/g, "").split(" && ") ?? [],
      };
    });
}

it("a vault is open to those who need it: the identity where there is a certificate, the application where the secret is", async () => {
  expect(await vaultRoles()).toEqual([
    { vault: "certificateVault", who: "names.identity", role: "keyVaultCertificateUser", when: [WITH_CERTIFICATE] },
    { vault: "demoVault", who: "applicationPrincipalId", role: "keyVaultSecretsUser", when: [] },
    { vault: "certificateVault", who: "principalId", role: "keyVaultCertificatesOfficer", when: [WITH_CERTIFICATE, WITH_DEPLOYER] },
    { vault: "demoVault", who: "principalId", role: "keyVaultSecretsOfficer", when: [WITH_DEPLOYER] },
  ]);
});
