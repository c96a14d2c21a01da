import type { X509Certificate } from "node:crypto";
import type { RestClient } from "./rest-client.js";
import { records, text } from "./rest-error.js";

/** What the display names of ours begin with, so that others' are left alone. */
const MARK = "azd: ";

/** Longest display name that Graph takes. */
const MAX_NAME = 90;

type KeyCredential = Readonly<Record<string, unknown>>;

/** What came of it. */
export interface Registration {
  readonly changed: boolean;
  /** Certificates of ours that had ended and are gone. */
  readonly removed: number;
  /** Earlier ones of ours that stay until they end, so that instances that still have them go on. */
  readonly kept: number;
}

/**
 * Puts a certificate on the app registration. Whatever else is registered stays; of ours, what has ended goes.
 *
 * Graph replaces the whole list, so one that somebody adds at the same moment would be lost.
 *
 * @param name of the certificate in its vault
 * @see https://learn.microsoft.com/graph/applications-how-to-add-certificate
 */
export async function registerCertificate(
  graph: RestClient,
  applicationObjectId: string,
  certificate: X509Certificate,
  name: string,
  now = new Date(),
): Promise<Registration> {
  const path = `/applications/${applicationObjectId}`;
  const { body } = await graph.request({ path: `${path}?$select=id,keyCredentials` });
  const present = records(body["keyCredentials"]);
  const kept = present.filter(
    (credential) => !isOurs(credential) || new Date(text(credential["endDateTime"])) > now || is(credential, certificate),
  );
  const isRegistered = present.some((credential) => is(credential, certificate));
  const earlier = kept.filter((credential) => isOurs(credential) && !is(credential, certificate)).length;
  const removed = present.length - kept.length;
  if (isRegistered && removed === 0) return { changed: false, removed, kept: earlier };
  const keyCredentials = isRegistered ? kept : [...kept, keyCredential(certificate, name)];
  await graph.request({ method: "PATCH", path, body: { keyCredentials } });
  return { changed: true, removed, kept: earlier };
}

/** Without `customKeyIdentifier`: Graph puts the thumbprint there. */
function keyCredential(certificate: X509Certificate, name: string): KeyCredential {
  return {
    type: "AsymmetricX509Cert",
    usage: "Verify",
    key: certificate.raw.toString("base64"),
    displayName: `${MARK}${name}`.slice(0, MAX_NAME),
    startDateTime: new Date(certificate.validFrom).toISOString(),
    endDateTime: new Date(certificate.validTo).toISOString(),
  };
}

function isOurs(credential: KeyCredential): boolean {
  return text(credential["displayName"]).startsWith(MARK);
}

/** By the key where Graph shows it, else by the thumbprint, which it writes as hex or as base64 of the bytes. */
function is(credential: KeyCredential, certificate: X509Certificate): boolean {
  const thumbprint = certificate.fingerprint.replaceAll(":", "");
  const identifier = text(credential["customKeyIdentifier"]);
  return (
    text(credential["key"]) === certificate.raw.toString("base64") ||
    identifier.toUpperCase() === thumbprint ||
    Buffer.from(identifier, "base64").toString("hex").toUpperCase() === thumbprint
  );
}
