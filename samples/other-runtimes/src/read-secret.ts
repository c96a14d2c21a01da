import { isMtlsPopError, type MtlsPopError } from "@mtls-pop/core";
import type { vaultClients } from "./vault.js";

/** What a caller gets, before the runtime writes it in its own way. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a vault takes as the name of a secret; anything else could lead elsewhere in it. */
const SECRET_NAME = /^[0-9A-Za-z-]{1,127}$/;

/** Reads a secret with a bound token. What is wrong with this app, its caller does not learn: it stands in the log. */
export async function readSecret({ vault }: ReturnType<typeof vaultClients>, name: string): Promise<Answer> {
  if (!SECRET_NAME.test(name)) return answer(400, { error: { code: "invalid_secret_name" } });
  try {
    const response = await vault(`/secrets/${name}?api-version=7.4`);
    if (response.ok || response.status === 404) return answer(response.status, await response.json());
    log(`The vault answered ${response.status}: ${await response.text()}`);
    const isBusy = response.status === 429 || response.status === 503;
    return isBusy ? answer(503, { error: { code: "vault_unavailable" } }) : answer(502, { error: { code: "vault_refused" } });
  } catch (error) {
    if (!isMtlsPopError(error)) throw error;
    return failure(error);
  }
}

/** 503 when trying again can help, else 500; the code, and the id by which the rest is found in the log. */
function failure({ code, message, correlationId, retryable, retryAfterSeconds }: MtlsPopError): Answer {
  log(`${code}: ${message} (${correlationId ?? "no request was made"})`);
  const wait = retryAfterSeconds !== undefined && { "retry-after": String(Math.ceil(retryAfterSeconds)) };
  return answer(retryable || wait ? 503 : 500, { error: { code, correlationId } }, wait || {});
}

function answer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { "content-type": "application/json", "cache-control": "no-store", ...headers }, body: JSON.stringify(body) };
}

function log(line: string): void {
  // another side's words may have line breaks, which would look like lines of their own
  console.error(line.replaceAll(/[\r\n]+/g, " "));
}
