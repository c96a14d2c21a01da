import type { CertificateClientOptions } from "@azure/keyvault-certificates";
import type { HookContext } from "./hook-context.js";
import { messageOf, oneLine } from "./hook-error.js";
import { record, text } from "./rest-error.js";

type Policy = NonNullable<CertificateClientOptions["additionalPolicies"]>[number]["policy"];

/** The bodies of refusals, by request: the SDK's paging leaves them out of its errors. */
const BODIES = new WeakMap<object, string>();

const REMEMBERS: Policy = {
  name: "rememberRefusals",
  async sendRequest(request, next) {
    const response = await next(request);
    if (response.status >= 400) BODIES.set(request, response.bodyAsText ?? "");
    return response;
  },
};

/** The SDK's clients wait for an answer for as long as it takes; this is for the request and its body, each time that it is sent. */
function endsInTime({ pace, signal }: HookContext): Policy {
  return {
    name: "endInTime",
    async sendRequest(request, next) {
      const { abortSignal } = request;
      const timeout = AbortSignal.timeout(pace.answerMs);
      request.abortSignal = AbortSignal.any([signal, timeout]);
      try {
        return await next(request);
      } catch (error) {
        if (!timeout.aborted || signal.aborted) throw error;
        throw new DOMException(`The vault did not answer within ${pace.answerMs / 1000} seconds.`, "TimeoutError");
      } finally {
        // of no use any more to the pause before the next try
        if (abortSignal) request.abortSignal = abortSignal;
        else delete request.abortSignal;
      }
    },
  };
}

/** For the SDK's clients: they end in time, and {@link vaultRefusal} knows what a vault said. */
export function vaultClientOptions(context: HookContext): CertificateClientOptions {
  return {
    ...context.vaultClientOptions,
    additionalPolicies: [
      { policy: REMEMBERS, position: "perCall" },
      { policy: endsInTime(context), position: "perRetry" },
    ],
  };
}

/** An error of the SDK, read. */
export interface VaultRefusal {
  /** The HTTP status; `undefined` where no vault answered. */
  readonly status: number | undefined;
  /** The vault's finer code, such as `ForbiddenByRbac`, else its code, else the system's, or `TimeoutError`. */
  readonly code: string;
  /** The vault's own words where there are some. */
  readonly words: string;
}

/** What a vault said. */
export function vaultRefusal(error: unknown): VaultRefusal {
  const { statusCode, code } = record(error);
  // the SDK hides it from those who list its fields
  const request: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "request") : undefined;
  const said = record(record(parsed(typeof request === "object" && request !== null ? BODIES.get(request) : undefined))["error"]);
  return {
    status: typeof statusCode === "number" ? statusCode : undefined,
    code: text(record(said["innererror"])["code"]) || text(said["code"]) || text(code) || (error instanceof DOMException ? error.name : ""),
    words: oneLine(text(said["message"])) || messageOf(error),
  };
}

function parsed(body: string | undefined): unknown {
  try {
    return JSON.parse(body ?? "");
  } catch {
    return undefined;
  }
}
