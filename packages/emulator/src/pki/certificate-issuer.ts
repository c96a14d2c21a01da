import "reflect-metadata";
import { type KeyObject, webcrypto, X509Certificate } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

cryptoProvider.set(webcrypto);

const EC_P256 = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };

/** What stands in a leaf certificate. */
export interface LeafFacts {
  /** Distinguished name, such as `CN=orders,O=Contoso`, or one in DER, which is taken as it is. */
  readonly subject: string | Uint8Array;
  readonly publicKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly usage: "client" | "server";
  /** Subject alternative names of type DNS. */
  readonly dnsNames?: readonly string[];
}

/** One signing certificate of the authority, root or intermediate. */
export class CertificateIssuer {
  readonly certificate: X509Certificate;
  readonly certificatePem: string;
  readonly #subject: string;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(certificateDer: ArrayBuffer, subject: string, keys: webcrypto.CryptoKeyPair) {
    this.certificate = new X509Certificate(Buffer.from(certificateDer));
    this.certificatePem = this.certificate.toString();
    this.#subject = subject;
    this.#keys = keys;
  }

  /** Makes a self-signed root. */
  static async root(subject: string, notBefore: Date, notAfter: Date): Promise<CertificateIssuer> {
    const keys = await webcrypto.subtle.generateKey(EC_P256, true, ["sign", "verify"]);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: subject,
      keys,
      notBefore,
      notAfter,
      signingAlgorithm: SIGNATURE,
      extensions: await issuerExtensions(keys.publicKey, keys.publicKey, 1),
    });
    return new CertificateIssuer(certificate.rawData, subject, keys);
  }

  /** Makes an issuer under this one, of the same validity. */
  async intermediate(subject: string): Promise<CertificateIssuer> {
    const keys = await webcrypto.subtle.generateKey(EC_P256, true, ["sign", "verify"]);
    const certificate = await X509CertificateGenerator.create({
      subject,
      issuer: this.#subject,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      notBefore: new Date(this.certificate.validFrom),
      notAfter: new Date(this.certificate.validTo),
      signingAlgorithm: SIGNATURE,
      extensions: await issuerExtensions(keys.publicKey, this.#keys.publicKey, 0),
    });
    return new CertificateIssuer(certificate.rawData, subject, keys);
  }

  /** Signs a leaf; returns PEM. */
  async issue(facts: LeafFacts): Promise<string> {
    const publicKey = facts.publicKey.export({ type: "spki", format: "der" });
    const certificate = await X509CertificateGenerator.create({
      subject: typeof facts.subject === "string" ? facts.subject : new Name(facts.subject),
      issuer: this.#subject,
      publicKey,
      signingKey: this.#keys.privateKey,
      notBefore: facts.notBefore,
      notAfter: facts.notAfter,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([facts.usage === "client" ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth]),
        ...(facts.dnsNames?.length ? [new SubjectAlternativeNameExtension(facts.dnsNames.map((value) => ({ type: "dns", value })))] : []),
        await SubjectKeyIdentifierExtension.create(publicKey),
        await AuthorityKeyIdentifierExtension.create(this.#keys.publicKey),
      ],
    });
    return new X509Certificate(Buffer.from(certificate.rawData)).toString();
  }

  /** Whether this issuer signed a certificate. */
  signed(certificate: X509Certificate): boolean {
    return certificate.checkIssued(this.certificate) && certificate.verify(this.certificate.publicKey);
  }
}

async function issuerExtensions(own: webcrypto.CryptoKey, signer: webcrypto.CryptoKey, pathLength: number): Promise<Extension[]> {
  return [
    new BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await SubjectKeyIdentifierExtension.create(own),
    await AuthorityKeyIdentifierExtension.create(signer),
  ];
}
