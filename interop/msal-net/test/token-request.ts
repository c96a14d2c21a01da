import type { IssuedCertificate, RecordedRequest } from "@mtls-pop/emulator";
import type { Assertion, TokenRequest } from "./wire-row.js";

/** Headers that each HTTP stack or library has of its own; what is left has to be equal. */
const OWN_HEADERS = /^(x-client-.+|host|content-length|accept|connection)$/;

/** Claims that are new in each assertion, or the stand-in's own choice. */
const CHANGING_CLAIMS = new Set(["nbf", "exp", "iat", "jti", "uti", "tid", "appid"]);

/** What a token request is told by. */
export interface TokenRequestContext {
  readonly issued: IssuedCertificate;
  readonly correlationId: string;
}

/** A request of the emulator's record, in the words of the recording of MSAL.NET. */
export function tokenRequest(
  { host, path, clientCertificate, form = {}, headers }: RecordedRequest,
  { issued, correlationId }: TokenRequestContext,
): TokenRequest {
  const { client_assertion: assertion, ...fields } = form;
  return {
    host,
    path,
    clientCertificate: clientCertificate ? (clientCertificate.equals(issued.certificateDer) ? "the application's" : "another") : null,
    form: { ...fields, ...(assertion !== undefined && { client_assertion: assertionOf(assertion, issued) }) },
    headers: {
      ...ownLeftOut(headers),
      "client-request-id": headers["client-request-id"] === correlationId ? "{guid}" : "not what was asked",
    },
  };
}

/** A request of the recording with what compares: leg 1's token came from another stand-in, so only its purpose and its binding do. */
export function comparable({ headers, form, ...request }: TokenRequest): TokenRequest {
  const { client_assertion: assertion, ...fields } = form;
  if (assertion === undefined || typeof assertion === "string" || !("cnf" in assertion.claims)) {
    return { ...request, form, headers: ownLeftOut(headers) };
  }
  const { aud, cnf } = assertion.claims;
  return { ...request, form: { ...fields, client_assertion: { header: {}, claims: { aud, cnf } } }, headers: ownLeftOut(headers) };
}

/** The names of the fields that differ; `client_info` is MSAL's own wish for an answer that nobody here reads. */
export function differences(one: TokenRequest, other: TokenRequest): string[] {
  const [left, right] = [one, other].map((request) => new Map(leaves("", request)));
  const names = new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])]);
  return [...names].filter((name) => name !== "form.client_info" && left?.get(name) !== right?.get(name)).sort();
}

function leaves(name: string, value: unknown): [string, unknown][] {
  if (typeof value !== "object" || value === null) return [[name, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(name === "" ? key : `${name}.${key}`, inner));
}

function ownLeftOut(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.test(name)));
}

function assertionOf(jwt: string, issued: IssuedCertificate): Assertion {
  const [header, claims] = jwt
    .split(".", 2)
    .map((part): Record<string, unknown> => JSON.parse(Buffer.from(part, "base64url").toString("utf8")));
  return {
    header: Object.fromEntries(Object.entries(header ?? {}).map(([name, value]) => [name, headerInWords(name, value, issued)])),
    claims: Object.fromEntries(Object.entries(claims ?? {}).map(([name, value]) => [name, claimInWords(name, value, issued)])),
  };
}

function headerInWords(name: string, value: unknown, { certificateDer, x5tS256 }: IssuedCertificate): unknown {
  const leaf = certificateDer.toString("base64");
  if (name === "x5t#S256" && value === x5tS256) return "<of the certificate>";
  if (name === "x5c" && value === leaf) return "<leaf, base64, a string>";
  if (name === "x5c" && Array.isArray(value) && value[0] === leaf) return "<chain, base64, an array>";
  return value;
}

function claimInWords(name: string, value: unknown, { x5tS256 }: IssuedCertificate): unknown {
  if (CHANGING_CLAIMS.has(name)) return `<${typeof value}>`;
  // core is asked with the emulator's port in the authority, MSAL.NET finds it by its connection
  if (name === "aud" && typeof value === "string") return value.replace(/^(https:\/\/[^/:]+):\d+\//, "$1/");
  if (name === "cnf" && JSON.stringify(value) === JSON.stringify({ "x5t#S256": x5tS256 })) return { "x5t#S256": "<of the certificate>" };
  return value;
}
