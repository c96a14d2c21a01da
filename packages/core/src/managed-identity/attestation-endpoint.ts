import type { ComputeMetadata } from "./compute-metadata.js";

/**
 * What follows a region in the name of its attestation service, by the `azEnvironment` that the compute metadata names, in lower case. The names
 * are those that MSAL.NET 4.92.0 knows.
 *
 * @see PROTOCOL.md section 5
 */
const SUFFIXES: ReadonlyMap<string, string> = new Map([
  ["azurepubliccloud", "attestation.microsoft.com"],
  ["azureusgovernmentcloud", "attestation.microsoftonline.us"],
  ["azurechinacloud", "attestation.partner.microsoftonline.cn"],
  ["azurebleucloud", "attestation.sovcloud-identity.fr"],
]);

/** A region's short name, which becomes part of a host name. */
const LOCATION = /^[a-z0-9]{1,63}$/;

/**
 * Where a key is attested: in the machine's region, or where the metadata service says if the cloud or the region is not known.
 *
 * @param imdsAttestationEndpoint the metadata service's own
 * @returns e.g. `https://westus3.attestation.microsoft.com`
 */
export function attestationEndpointOf({ location, azEnvironment }: ComputeMetadata, imdsAttestationEndpoint: string): string {
  const suffix = SUFFIXES.get(azEnvironment?.toLowerCase() ?? "");
  const region = location?.toLowerCase() ?? "";
  return suffix !== undefined && LOCATION.test(region) ? `https://${region}.${suffix}` : imdsAttestationEndpoint;
}
