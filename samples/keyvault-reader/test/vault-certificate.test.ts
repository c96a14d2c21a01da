import { afterAll, beforeAll, expect, it } from "vitest";
import { call, type DeployedSample, deployedSample, SECRET } from "./deployed-sample.js";

let sample: DeployedSample;
beforeAll(async () => {
  sample = await deployedSample();
});
afterAll(() => sample.close());

it("the deployed sample takes its certificate from a vault of its own, by the app's identity", async () => {
  const { emulator } = sample;
  const certificates = emulator.keyVault.add("certificates", "optional");
  const { clientId } = emulator.managedIdentities.register();
  certificates.restrictTo([clientId]);
  const { chainPem, privateKeyPem, certificateDer } = sample.certificate;
  certificates.certificates.import("orders", `${chainPem}${privateKeyPem}`);
  const host = await sample.host({
    ...emulator.appService.environment,
    AZURE_CLIENT_CERTIFICATE_PATH: undefined,
    MTLS_POP_MANAGED_IDENTITY_CLIENT_ID: clientId,
    MTLS_POP_CERTIFICATE_VAULT_URL: certificates.url,
    MTLS_POP_CERTIFICATE_NAME: "orders",
  });
  expect(await (await call(host, "secrets/my-secret")).json()).toMatchObject({ value: SECRET });
  const [bearer, ...more] = new Set(
    sample
      .vaultRequests()
      .filter(({ headers }) => headers["authorization"]?.startsWith("Bearer "))
      .map((one) => one.host),
  );
  expect([bearer, more]).toEqual(["certificates.vault.emulator.localhost", []]);
  expect(sample.tokenRequests()[0]?.clientCertificate).toEqual(certificateDer);
});
