import { X509Certificate } from "node:crypto";
import { MtlsPopError } from "../errors.js";

/** A client certificate as servers and proxies hand it on. */
export type PresentedCertificate = X509Certificate | Uint8Array | string;

/** No certificate of a client comes near this, in characters; Node takes 16 KiB for all headers together. */
const MAX_CHARACTERS = 16 * 1024;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const PEM = /^\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;
/** Envoy's `x-forwarded-client-cert`: one element, so one hop (Container Apps writes it). */
const ENVOY_ELEMENT = /^(?:\w+=(?:"(?:[^"\\]|\\.)*"|[^;,"]*)(?:;|$))+$/;
const ENVOY_CERTIFICATE = /(?:^|;)Cert="([^"]+)"(?:;|$)/i;

/**
 * Reads one certificate: DER, PEM, URL-encoded PEM (nginx's `$ssl_client_escaped_cert`), base64 of DER (App Service, HAProxy), the same
 * between colons (`Client-Cert`, RFC 9440), or Envoy's list with a `Cert` in it.
 *
 * @param source what it was found in, for the message
 * @throws {MtlsPopError} `client_certificate_missing`, `client_certificate_malformed`
 */
export function readPresentedCertificate(given: PresentedCertificate | null | undefined, source: string): X509Certificate {
  if (given instanceof X509Certificate) return given;
  if (given === undefined || given === null || given.length === 0) {
    throw new MtlsPopError("client_certificate_missing", `There is no client certificate in ${source}.`, {
      help: "The caller has to show the certificate that its token is bound to, and the server or proxy that ends TLS has to ask for it.",
    });
  }
  const der = typeof given === "string" ? decode(given, source) : given;
  try {
    const certificate = new X509Certificate(der);
    // what is PEM in base64, or has something behind the certificate, is read too
    if (certificate.raw.equals(der)) return certificate;
  } catch (cause) {
    throw malformed(source, "it is no X.509 certificate", cause);
  }
  throw malformed(source, "it holds more than the DER of one certificate");
}

function decode(text: string, source: string): Buffer {
  if (text.length > MAX_CHARACTERS) throw malformed(source, `it has ${text.length} characters, ${MAX_CHARACTERS} at most are read`);
  const value = text.trim();
  const envoy = ENVOY_ELEMENT.test(value) ? ENVOY_CERTIFICATE.exec(value)?.[1] : undefined;
  const [, pem] = PEM.exec(unescaped(envoy ?? value, source)) ?? [];
  const base64 = pem?.replaceAll(/\s/g, "") ?? /^:(.*):$/.exec(value)?.[1] ?? value;
  if (BASE64.test(base64)) return Buffer.from(base64, "base64");
  const several = value.includes(",") || value.indexOf("BEGIN CERT") !== value.lastIndexOf("BEGIN CERT");
  throw malformed(source, several ? "it holds more than one value" : "it is neither PEM, nor URL-encoded PEM, nor base64 of DER");
}

function unescaped(value: string, source: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw malformed(source, "its URL encoding is broken", cause);
  }
}

function malformed(source: string, flaw: string, cause?: unknown): MtlsPopError {
  return new MtlsPopError("client_certificate_malformed", `The client certificate in ${source} cannot be read: ${flaw}.`, {
    cause,
    help: "Exactly one certificate is taken. A proxy must replace the header, not add to what the caller sent.",
  });
}
