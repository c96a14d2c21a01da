// The certificate from Key Vault as its users take it: an emulated vault is read by the clients of the SDK that are installed here.
import { BindingCertificate } from "@mtls-pop/core";
import { type CertificateFromKeyVaultOptions, certificateFromKeyVault } from "@mtls-pop/core/key-vault";
import { startEmulator } from "@mtls-pop/emulator";

export async function read() {
  const emulator = await startEmulator();
  const vault = emulator.keyVault.add("certificates", "optional");
  const { chainPem, privateKeyPem, thumbprint } = await emulator.issueCertificate();
  vault.certificates.import("orders", `${chainPem}${privateKeyPem}`);
  Object.assign(process.env, emulator.appService.environment);
  const options: CertificateFromKeyVaultOptions = {
    vaultUrl: vault.url,
    name: "orders",
    transport: { ca: emulator.ca, lookup: emulator.lookup },
    clientOptions: { disableChallengeResourceVerification: true },
  };
  const certificate = await certificateFromKeyVault(options)();
  await emulator.close();
  return { isThatOne: certificate.thumbprint === thumbprint, sameClass: certificate instanceof BindingCertificate };
}
