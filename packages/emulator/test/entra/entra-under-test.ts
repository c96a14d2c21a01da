import { createPrivateKey, randomUUID } from "node:crypto";
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";
import type { EntraErrorBody } from "../../src/entra/aadsts.js";
import { Entra, type EntraRequest } from "../../src/entra/entra.js";
import { entraHosts } from "../../src/entra/entra-hosts.js";
import type { Fault } from "../../src/faults/fault.js";
import { CertificateAuthority } from "../../src/pki/certificate-authority.js";
import type { IssuedCertificate } from "../../src/pki/issued-certificate.js";

export const TENANT_ID = "11111111-2222-3333-4444-555555555555";
export const CLIENT_ID = "00000000-0000-0000-0000-00000000000a";
export const MTLS_HOST = "mtlsauth.emulator.localhost";
export const LOGIN_HOST = "login.emulator.localhost";
export const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
export const JWT_POP = "urn:ietf:params:oauth:client-assertion-type:jwt-pop";

/** The fields that every flow has. */
export const BEARER = { client_id: CLIENT_ID, grant_type: "client_credentials", scope: "https://vault.azure.net/.default" };

/** The fields of flow (1). */
export const BOUND = { ...BEARER, token_type: "mtls_pop" };

/** A token request as a test sends it. */
export interface Asked extends Partial<Omit<EntraRequest, "clientCertificate">> {
  /** Fields, or the text of the body. */
  readonly form?: Readonly<Record<string, string>> | string;
  readonly certificate?: IssuedCertificate | undefined;
  readonly fault?: Fault;
}

/** What the token service said. */
export interface Said {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The token service alone, without servers: an authority, an application and its certificate. */
export async function entraUnderTest(options: { clouds?: boolean; tenants?: string[] } = {}) {
  const authority = await CertificateAuthority.create();
  const entra = new Entra({
    tenantId: TENANT_ID,
    tenants: options.tenants ?? [],
    hosts: entraHosts(options),
    authority,
    managedIdentity: () => undefined,
    origin: () => `https://${LOGIN_HOST}:8443`,
  });
  const certificate = await authority.issueCertificate({ keyType: "EC-P256" });
  entra.applications.register({ clientId: CLIENT_ID, certificate: certificate.certificatePem });

  async function ask({ form = BOUND, certificate: shown, fault, ...over }: Asked = {}): Promise<Said> {
    const host = over.host ?? MTLS_HOST;
    const { status, headers, body } = await entra.answer(
      {
        method: "POST",
        host,
        query: {},
        path: `/${TENANT_ID}/oauth2/v2.0/token`,
        body: Buffer.from(typeof form === "string" ? form : new URLSearchParams(form).toString()),
        ...(shown && { clientCertificate: shown.certificateDer }),
        ...over,
        headers: { host: `${host}:8443`, "content-type": "application/x-www-form-urlencoded", ...over.headers },
      },
      fault,
    );
    return { status, headers: headers ?? {}, body: body === undefined ? {} : JSON.parse(body.toString()) };
  }

  return {
    entra,
    authority,
    certificate,
    ask,
    /** The numbers of the refusal, or a failing test when there was none. */
    async refusal(asked: Asked): Promise<number> {
      const { status, body } = await ask(asked);
      if (status === 200) throw new Error("It was not refused.");
      const { error_codes, error_description } = body as unknown as EntraErrorBody;
      const [code = 0] = error_codes;
      if (!error_description.startsWith(`AADSTS${code}: `)) throw new Error(error_description);
      return code;
    },
  };
}

/** An assertion as a certificate credential signs it, with parts replaced; `undefined` leaves one out. */
export async function clientAssertion(
  signer: IssuedCertificate,
  { header = {}, claims = {}, host = LOGIN_HOST }: { header?: object; claims?: object; host?: string } = {},
): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000);
  const payload: JWTPayload = {
    aud: `https://${host}:8443/${TENANT_ID}/oauth2/v2.0/token`,
    iss: CLIENT_ID,
    sub: CLIENT_ID,
    jti: randomUUID(),
    nbf: seconds,
    exp: seconds + 600,
    ...claims,
  };
  const key = createPrivateKey(signer.privateKeyPem);
  const parameters: JWTHeaderParameters = {
    alg: key.asymmetricKeyType === "ec" ? "ES256" : "PS256",
    typ: "JWT",
    "x5t#S256": signer.x5tS256,
    x5c: [signer.certificateDer.toString("base64")],
    ...header,
  };
  return new SignJWT(payload).setProtectedHeader(parameters).sign(key);
}
