import { Agent, request } from "node:https";
import type { LookupFunction } from "node:net";
import { text } from "node:stream/consumers";

/** What the thief knows of the vault: the way there and the root to trust. */
export interface VaultAddress {
  readonly url: string;
  readonly ca: string;
  readonly lookup: LookupFunction;
}

/** What the thief shows in the TLS handshake. */
export interface ShownCertificate {
  readonly chainPem: string;
  readonly privateKeyPem: string;
}

/** What the vault said. */
export interface VaultAnswer {
  readonly status: number | undefined;
  /** The error's message, or the secret. */
  readonly words: string;
}

/**
 * Replays a token with `node:https` alone: everything is as the app sent it, but for the certificate.
 *
 * @param shown the certificate of the connection; none when left out
 */
export async function replay(vault: VaultAddress, path: string, token: string, shown?: ShownCertificate): Promise<VaultAnswer> {
  const { ca, lookup, url } = vault;
  const agent = new Agent({ ca, lookup, maxVersion: "TLSv1.2", ...(shown && { cert: shown.chainPem, key: shown.privateKeyPem }) });
  try {
    return await new Promise<VaultAnswer>((resolve, reject) => {
      const headers = { authorization: `mtls_pop ${token}`, "x-ms-tokenboundauth": "true" };
      const call = request(new URL(path, url), { agent, headers, timeout: 10_000 }, (response) => {
        text(response).then((body) => resolve({ status: response.statusCode, words: wordsOf(body) }), reject);
      });
      call.on("timeout", () => call.destroy(new Error("The vault did not answer the replayed token within 10 s.")));
      call.on("error", reject);
      call.end();
    });
  } finally {
    agent.destroy();
  }
}

/** `error.message` or `value` of what a vault answers. */
function wordsOf(body: string): string {
  const { error, value }: { error?: { message?: unknown }; value?: unknown } = JSON.parse(body);
  return String(error?.message ?? value ?? body);
}
