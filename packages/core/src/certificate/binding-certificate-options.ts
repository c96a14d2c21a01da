import { KeyObject, X509Certificate } from "node:crypto";
import { callable, type OptionRule, textList } from "../internal/options.js";
import type { BindingKey } from "./binding-key.js";
import type { CertificateInput } from "./certificate-input.js";

/** What every way to a {@link BindingCertificate} takes. */
export interface BindingCertificateOptions {
  /** The time that validity is judged by, in milliseconds since the epoch. @default Date.now */
  now?: (() => number) | undefined;
}

/** Options of {@link BindingCertificate.fromPem}. */
export interface FromPemOptions extends BindingCertificateOptions {
  /** The private key, if it stands in a PEM of its own. @default the key in the certificate's PEM */
  key?: string | Uint8Array | undefined;
  /** Opens an encrypted key. @default none */
  passphrase?: string | undefined;
}

/** Options of {@link BindingCertificate.fromPfx}. */
export interface FromPfxOptions extends BindingCertificateOptions {
  /** Opens the PFX; without it, one with an empty passphrase or none opens. @default none */
  passphrase?: string | undefined;
}

/** Options of {@link BindingCertificate.fromKeyObject}. */
export interface FromKeyObjectOptions extends BindingCertificateOptions {
  /** The certificate, with its intermediates in any order. */
  certificate: CertificateInput;
  /** Its private key. */
  privateKey: KeyObject;
}

/** Options of {@link BindingCertificate.fromBindingKey}. */
export interface FromBindingKeyOptions extends BindingCertificateOptions {
  /** The certificate, with its intermediates in any order. */
  certificate: CertificateInput;
  /** The ability to sign and to speak TLS with the certificate's key. */
  key: BindingKey;
}

const bytesOrText = (value: unknown): boolean => typeof value === "string" || value instanceof Uint8Array;
const isCertificate = (value: unknown): boolean => bytesOrText(value) || value instanceof X509Certificate;
const now: OptionRule = callable;
const passphrase: OptionRule = { expected: "a string", test: (value) => typeof value === "string" };
const certificate: OptionRule = {
  expected: "PEM, DER, an X509Certificate or an array of these",
  test: (value) => isCertificate(value) || (Array.isArray(value) && value.length > 0 && value.every(isCertificate)),
  required: true,
};
const pem: OptionRule = { expected: "PEM text or bytes", test: bytesOrText };

const version: OptionRule = { expected: '"TLSv1.2" or "TLSv1.3"', test: (value) => value === "TLSv1.2" || value === "TLSv1.3" };

/** What each door checks its arguments by. */
export const RULES: Readonly<
  Record<"fromPem" | "fromPfx" | "fromKeyObject" | "fromBindingKey" | "sign" | "secureContext", Readonly<Record<string, OptionRule>>>
> = {
  fromPem: { pem: { ...pem, required: true }, key: pem, passphrase, now },
  fromPfx: { pfx: { expected: "bytes, or base64 text", test: bytesOrText, required: true }, passphrase, now },
  fromKeyObject: {
    certificate,
    privateKey: { expected: "a KeyObject of node:crypto", test: (value) => value instanceof KeyObject, required: true },
    now,
  },
  fromBindingKey: { certificate, key: { expected: "a BindingKey", test: isBindingKey, required: true }, now },
  sign: { data: { expected: "bytes", test: (value) => value instanceof Uint8Array, required: true } },
  secureContext: { ca: textList, minVersion: version, maxVersion: version },
};

/** Whether a value can sign and make TLS contexts, as far as that shows from outside. */
export function isBindingKey(value: unknown): value is BindingKey {
  if (typeof value !== "object" || value === null) return false;
  const { publicKey, sign, secureContext } = value as Partial<BindingKey>;
  return publicKey instanceof KeyObject && publicKey.type === "public" && callable.test(sign) && callable.test(secureContext);
}
