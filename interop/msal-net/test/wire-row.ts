import { readFile } from "node:fs/promises";

/** How a token was asked for. */
export interface Asked {
  readonly flow: "certificate" | "federated";
  readonly mtlsProofOfPossession: boolean;
  readonly authority: string;
  readonly scope: string;
  readonly region?: string;
  readonly clientCapabilities?: readonly string[];
  readonly claims?: string;
  readonly sendCertificateOverMtls?: boolean;
  /** Whether leg 2 gets leg 1's certificate with the assertion. @default true */
  readonly bindCertificate?: boolean;
}

/** What came of it: a token, or an error of the client's or the service's. */
export interface Outcome {
  readonly tokenType?: string;
  /** What MSAL.NET writes in front of the token. */
  readonly authorizationScheme?: string;
  readonly tokenSource?: string;
  readonly bindingCertificate?: string | null;
  readonly kind?: string;
  readonly code?: string;
  readonly status?: number;
}

/** A signed assertion; what is new in each or follows from the certificate is told by a word in `<>`. */
export interface Assertion {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A token request. */
export interface TokenRequest {
  /** Without port. */
  readonly host: string;
  readonly path: string;
  /** The one that the connection showed. */
  readonly clientCertificate: string | null;
  readonly form: Readonly<Record<string, string | Assertion>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** One row of the recording of MSAL.NET. */
export interface WireRow {
  readonly name: string;
  readonly asked: Asked;
  readonly requests: readonly TokenRequest[];
  readonly result: Outcome;
}

/** What MSAL.NET 4.92.0 was recorded to send and to make of the answers. */
export const { rows: WIRE_ROWS }: { rows: readonly WireRow[] } = JSON.parse(
  await readFile(new URL("../../../packages/core/test/fixtures/wire/msal-net-4.92.0.json", import.meta.url), "utf8"),
);
