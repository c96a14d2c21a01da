import { constants } from "node:crypto";
import type { ServerOptions } from "node:https";
import { createSecureContext, type SecureContext, type SecureVersion } from "node:tls";
import type { CertificateAuthority } from "../pki/certificate-authority.js";

/** The versions of TLS that a server speaks. */
export interface TlsVersions {
  /** @default "TLSv1.2" */
  readonly minVersion?: SecureVersion;
  /** @default "TLSv1.3" */
  readonly maxVersion?: SecureVersion;
}

/** What of TLS a server chooses. */
export interface TlsChoices extends TlsVersions {
  readonly ca: CertificateAuthority;
  /** Which names it answers as; asked at each handshake, and when it says no the connection is cut. */
  readonly answersTo: (serverName: string) => boolean;
  /** Whether the first handshake asks for a client certificate; none is ever required there, and no acceptable CAs are named. */
  readonly asksForCertificate: boolean;
}

/** Turns the choices into options of `node:https`, with a certificate for each name that is asked for. */
export async function tlsOptions(choices: TlsChoices): Promise<ServerOptions> {
  const { ca, answersTo, asksForCertificate, minVersion = "TLSv1.2", maxVersion = "TLSv1.3" } = choices;
  const shared = {
    minVersion,
    maxVersion,
    // a renegotiation that resumed the session would not ask for a certificate
    secureOptions: constants.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION,
    // OpenSSL 3 allows what came before TLS 1.2 at security level 0 alone
    ...(minVersion === "TLSv1" || minVersion === "TLSv1.1" ? { ciphers: "DEFAULT@SECLEVEL=0" } : {}),
  };
  const contexts = new Map<string, Promise<SecureContext>>();
  const contextOf = (name: string): Promise<SecureContext> => {
    let context = contexts.get(name);
    if (!context) {
      context = ca.serverCredentials(name).then((credentials) => createSecureContext({ ...shared, ...credentials }));
      contexts.set(name, context);
    }
    return context;
  };
  return {
    ...shared,
    // for a client that names no server
    ...(await ca.serverCredentials("localhost")),
    requestCert: asksForCertificate,
    rejectUnauthorized: false,
    SNICallback: (name, done) => {
      if (answersTo(name)) contextOf(name).then((context) => done(null, context), done);
      else done(new Error(`No server answers as ${name}.`));
    },
  };
}
