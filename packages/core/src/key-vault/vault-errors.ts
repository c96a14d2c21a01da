import { MtlsPopError, type MtlsPopErrorCode, type MtlsPopErrorOptions } from "../index.js";
import { retryAfterSeconds } from "../internal/retry-after.js";
import type { VaultObject } from "./vault-object.js";
import { disabled } from "./vault-version.js";

interface Refusal {
  readonly status: number;
  /** The code within the answer that tells it from others of the status. */
  readonly inner?: string;
  readonly code: MtlsPopErrorCode;
  readonly found: string;
  readonly help: (object: VaultObject) => string;
}

const NETWORKING = "under Networking of the vault";

/** @see https://learn.microsoft.com/azure/key-vault/general/rest-error-codes */
const REFUSALS: readonly Refusal[] = [
  {
    status: 401,
    code: "key_vault_access_denied",
    found: "was not handed out: the vault does not take the identity's token",
    help: ({ vault }) =>
      `Mostly the identity is of another tenant than the vault "${vault}", or the vault has moved to another: compare the vault's directory id ` +
      "with the identity's tenant. A vault that takes bound tokens alone cannot hold the certificate that they are bound to: allow Bearer " +
      "tokens there, and keep what they shall not reach in another vault.",
  },
  {
    status: 403,
    inner: "ForbiddenByFirewall",
    code: "key_vault_access_denied",
    found: "was not handed out: the vault's firewall does not let this host's address in",
    help: ({ vault }) =>
      `Allow the app's outbound addresses or its subnet ${NETWORKING} "${vault}", or integrate the app with a virtual network that it lets in.`,
  },
  {
    status: 403,
    inner: "ForbiddenByConnection",
    code: "key_vault_access_denied",
    found: "was not handed out: the vault takes no public connections, and this one did not come by a private endpoint",
    help: ({ vault }) =>
      `Integrate the app with the virtual network of the private endpoint of "${vault}", and have its privatelink.vaultcore.azure.net zone ` +
      "resolve there.",
  },
  {
    status: 403,
    code: "key_vault_access_denied",
    found: "was not handed out: the identity has no role that allows it",
    help: ({ kind, vault }) =>
      `Assign the identity the role "Key Vault Certificate User" ${kind === "secret" ? '(or, for the private key, "Key Vault Secrets User") ' : ""}` +
      `on the vault "${vault}", under Access control (IAM); it takes some minutes to count. In a vault with access policies, grant Get for ` +
      "certificates and for secrets.",
  },
  {
    status: 404,
    code: "certificate_not_found",
    found: "does not exist",
    help: ({ vault }) =>
      `Check \`name\` and \`version\` against the certificates of the vault "${vault}"; a deleted one can be recovered there.`,
  },
];

/** Turns what the SDK's clients throw into what to do about it. */
export function vaultError(error: unknown, object: VaultObject): unknown {
  const status = numberOf(error, "statusCode");
  // of the credential
  if (error instanceof MtlsPopError) return error;
  const said = saidBy(error);
  if (status !== undefined) return status < 400 ? unreadable(status, object) : refused(error, status, said, object);
  if (error instanceof Error && error.name === "RestError") {
    // from beneath the SDK, which keeps code and message of what it meets there
    if (field(error, "code") === "proxy_refused") return new MtlsPopError("proxy_refused", `${object.label} was not read. ${said}`);
    return new MtlsPopError("network_error", `${object.label} was not read: the vault could not be reached (${said}).`, {
      cause: withoutRequest(error, said),
      help: "Check the vault's name, DNS, proxy and firewall of this host.",
    });
  }
  if (said.startsWith("The challenge ")) return foreignChallenge(error, said, object);
  // the SDK's clients take whatever comes for an answer of a vault, and stumble over what it lacks
  return unreadable(undefined, object, error);
}

/** The SDK quotes an answer that is no JSON, and half of a secret is none. */
function saidBy(error: unknown): string {
  if (field(error, "code") === "PARSE_ERROR") return "Something that is no JSON.";
  return error instanceof Error ? error.message : String(error);
}

/** What answered, answered well, and as no vault does. */
export function unreadable(statusCode: number | undefined, { label }: VaultObject, cause?: unknown): MtlsPopError {
  const what = statusCode === undefined ? "something" : `${statusCode} and something`;
  return new MtlsPopError("key_vault_error", `${label} was not read: the vault answered ${what} that is not what Key Vault says.`, {
    ...(statusCode !== undefined && { statusCode }),
    cause,
    help: "Check that the vault's URL is right, and that no proxy or login page answers in its place.",
  });
}

function refused(error: unknown, statusCode: number, said: string, object: VaultObject): MtlsPopError {
  const inner = innerCode(error);
  const cause = withoutRequest(error, said, inner);
  const facts: MtlsPopErrorOptions = { cause, statusCode };
  if (statusCode === 403 && /Disabled$/.test(inner ?? "")) return disabled(object.label, cause);
  const refusal = REFUSALS.find((one) => one.status === statusCode && (one.inner === undefined || one.inner === inner));
  const answered = `The vault answered ${statusCode}: ${said}`;
  if (refusal) {
    const { code, found, help } = refusal;
    return new MtlsPopError(code, `${object.label} ${found}. ${answered}`, { ...facts, help: help(object) });
  }
  return new MtlsPopError("key_vault_error", `${object.label} was not handed out. ${answered}`, {
    ...facts,
    retryable: statusCode === 408 || statusCode === 429 || statusCode >= 500,
    retryAfterSeconds: retryAfterSeconds(headerOf(error, "retry-after"), Date.now()),
  });
}

/** Whoever answers as a vault wants tokens for somebody else, and would be handed them. */
function foreignChallenge(cause: unknown, said: string, { label }: VaultObject): MtlsPopError {
  return new MtlsPopError("key_vault_access_denied", `${label} was not asked for: no token is sent to this host. ${said}`, {
    cause,
    help: "Check `vaultUrl`. For a vault under a name of your own, and only there, set `clientOptions: { disableChallengeResourceVerification: true }`.",
  });
}

/** The SDK's error has the whole request, with the identity's token, and printers that look behind `inspect` would show it. */
export function withoutRequest(error: unknown, said: string, inner?: string): Error {
  const [code, statusCode] = [field(error, "code"), field(error, "statusCode")];
  const facts = { name: "RestError", ...(code !== undefined && { code }), ...(statusCode !== undefined && { statusCode }) };
  return Object.assign(new Error(said), facts, inner !== undefined && { innerCode: inner });
}

function innerCode(error: unknown): string | undefined {
  const code = field(field(field(field(error, "details"), "error"), "innerError"), "code");
  return typeof code === "string" ? code : undefined;
}

function headerOf(error: unknown, name: string): string | undefined {
  const headers = field(field(error, "response"), "headers");
  const get = field(headers, "get");
  const value: unknown = typeof get === "function" ? Reflect.apply(get, headers, [name]) : undefined;
  return typeof value === "string" ? value : undefined;
}

function numberOf(error: unknown, name: string): number | undefined {
  const value = field(error, name);
  return typeof value === "number" ? value : undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
