import { randomUUID, X509Certificate } from "node:crypto";
import { get as httpsGet } from "node:https";
import { fileURLToPath } from "node:url";
import { BindingCertificate, ConfidentialClientApplication, type ConfidentialClientOptions } from "@mtls-pop/core";
import { type EmulatorOptions, startEmulator } from "@mtls-pop/emulator";

/** A PFX as `openssl pkcs12 -export` writes it, and its password. */
export const PFX = {
  path: fileURLToPath(new URL("../packages/core/test/fixtures/certificate/aes256-rsa-chain.pfx", import.meta.url)),
  password: "pass phrase",
} as const;

/** A tenant, a vault with a secret, a client id, and the names on loopback. */
export async function surroundings(options: EmulatorOptions = {}) {
  const emulator = await startEmulator(options);
  emulator.keyVault.secrets.set("my-secret", "s3cret");
  const { host, origin } = new URL(emulator.authority);
  return {
    emulator,
    clientId: randomUUID(),
    tenantId: emulator.tenantId,
    authority: emulator.authority,
    /** `https://login.emulator.localhost:{port}` */
    authorityHost: origin,
    knownAuthorities: [host],
    transport: { ca: emulator.ca, lookup: emulator.lookup },
    resources: {
      vault: { baseUrl: emulator.keyVault.url, profile: "key-vault" },
      graph: { baseUrl: emulator.graph.url, profile: "graph" },
      orders: { baseUrl: emulator.customApi.url },
    },
    secretUrl: `${emulator.keyVault.url}/secrets/my-secret?api-version=7.4`,
    /** Registers the certificate with an application, as the prerequisites want it. */
    register(clientId: string, certificate: BindingCertificate): void {
      emulator.applications.register({ clientId, certificate: leafOf(certificate) });
    },
    /** What has reached a server. */
    requestsTo: (server: "token" | "key-vault" | "graph" | "custom-api") =>
      emulator.requests.filter((request) => request.server === server),
  } as const;
}

/** A registered application with a certificate of its own. */
export async function signedUp(around: Awaited<ReturnType<typeof surroundings>>, over: Partial<ConfidentialClientOptions> = {}) {
  const { emulator, authority, knownAuthorities, transport } = around;
  const issued = await emulator.issueCertificate({ subject: `CN=${randomUUID()}`, keyType: "EC-P256" });
  const certificate = await BindingCertificate.fromPem(issued.certificatePem, { key: issued.privateKeyPem });
  const clientId = randomUUID();
  around.register(clientId, certificate);
  const options = { clientId, authority, knownAuthorities, transport, certificate, ...over } as ConfidentialClientOptions;
  return { clientId, certificate, privateKeyPem: issued.privateKeyPem, application: new ConfidentialClientApplication(options) };
}

/** A certificate's leaf in PEM. */
export function leafOf(certificate: BindingCertificate): string {
  return new X509Certificate(Buffer.from(certificate.x5c[0] ?? "", "base64")).toString();
}

/** Calls a URL with nothing but `node:https`. */
export function byHand(url: string, options: Parameters<typeof httpsGet>[1]): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    httpsGet(url, options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, body }));
      response.on("error", reject);
    }).on("error", reject);
  });
}
