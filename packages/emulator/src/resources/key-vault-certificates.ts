import { createHash, X509Certificate } from "node:crypto";
import { attributesOf, epochSeconds, readFields, readTags } from "./key-vault-body.js";
import type { CertificateStore, StoredCertificate } from "./key-vault-certificate-store.js";
import type { Collection } from "./key-vault-collection.js";

/** What a vault does with certificates: they are imported, as PEM with the private key, and never made here. */
export function certificateCollection(store: CertificateStore): Collection<StoredCertificate> {
  return {
    path: "certificates",
    kind: "Certificate",
    store,
    actions: {
      get: "read",
      list: "read",
      write: "import/action",
      update: "update/action",
      delete: "delete",
      recover: "recover/action",
      purge: "purge/action",
    },
    bundle: certificateBundle,
    item: certificateItem,
    write: {
      method: "POST",
      word: "import",
      add: (name, body) => {
        const fields = readFields(body) ?? {};
        const pem = fields["value"];
        if (typeof pem !== "string") return undefined;
        try {
          return store.import(name, pem, readTags(fields));
        } catch {
          // a PFX, or what is no certificate
          return undefined;
        }
      },
    },
  };
}

function certificateBundle(certificate: StoredCertificate, url: URL): object {
  const { name, version, secretVersion, der, exportable, contentType } = certificate;
  return {
    ...certificateItem(certificate, url),
    kid: `${url.origin}/keys/${name}/${version}`,
    sid: `${url.origin}/secrets/${name}/${secretVersion}`,
    cer: der.toString("base64"),
    policy: {
      id: `${url.origin}/certificates/${name}/policy`,
      key_props: { exportable, reuse_key: false },
      secret_props: { contentType },
      issuer: { name: "Unknown" },
    },
  };
}

function certificateItem(certificate: StoredCertificate, { origin }: URL): object {
  const { name, version, der, tags } = certificate;
  const { validFrom, validTo, subject } = new X509Certificate(der);
  return {
    id: `${origin}/certificates/${name}/${version}`,
    x5t: createHash("sha1").update(der).digest("base64url"),
    subject: subject.replaceAll("\n", ", "),
    attributes: attributesOf(certificate, { nbf: epochSeconds(new Date(validFrom)), exp: epochSeconds(new Date(validTo)) }),
    ...(tags ? { tags } : {}),
  };
}
