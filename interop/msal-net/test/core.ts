import {
  type AuthenticationResult,
  BindingCertificate,
  ConfidentialClientApplication,
  FicAssertionProvider,
  FicLeg1Acquirer,
  FicLeg2Exchanger,
} from "@mtls-pop/core";
import type { Emulator, IssuedCertificate } from "@mtls-pop/emulator";
import type { Asked } from "./wire-row.js";

/** Who asks, beside how; both libraries are told the same. */
export interface Asker {
  readonly emulator: Emulator;
  readonly issued: IssuedCertificate;
  readonly clientId: string;
  readonly leg1ClientId: string;
  readonly correlationId: string;
}

/** Asks core for a token as a row of the recording has it. */
export async function acquireFromCore(asked: Asked, asker: Asker): Promise<AuthenticationResult> {
  const { issued, clientId, leg1ClientId, correlationId } = asker;
  const { scope, mtlsProofOfPossession, claims, bindCertificate = true } = asked;
  const certificate = await BindingCertificate.fromPem(issued.chainPem, { key: issued.privateKeyPem });
  const shared = settings(asked, asker);
  const request = { scopes: [scope], mtlsProofOfPossession, correlationId, ...(claims !== undefined && { claims }) };
  if (asked.flow === "certificate") {
    return new ConfidentialClientApplication({ ...shared, clientId, certificate }).acquireTokenByClientCredential(request);
  }
  const leg1 = new FicLeg1Acquirer(new ConfidentialClientApplication({ ...shared, clientId: leg1ClientId, certificate }));
  const assertions = new FicAssertionProvider(await leg1.acquireToken({ correlationId }));
  if (bindCertificate) return new FicLeg2Exchanger({ ...shared, clientId, assertions }).exchangeToken(request);
  // without the certificate by the plain callback: the classes always take it along
  const clientAssertion = () => assertions.createAssertion({ bindCertificate });
  return new ConfidentialClientApplication({ ...shared, clientId, clientAssertion }).acquireTokenByClientCredential(request);
}

function settings({ authority, region, clientCapabilities, sendCertificateOverMtls }: Asked, { emulator }: Asker) {
  const url = new URL(authority);
  url.port = new URL(emulator.authority).port;
  return {
    authority: url.href,
    // the emulator's own names, for the rows that ask by them
    knownAuthorities: [new URL(emulator.authority).host],
    transport: { ca: emulator.ca, lookup: emulator.lookup },
    ...(region !== undefined && { azureRegion: region }),
    ...(clientCapabilities && { clientCapabilities: [...clientCapabilities] }),
    ...(sendCertificateOverMtls && { sendCertificateOverMtls }),
  };
}
