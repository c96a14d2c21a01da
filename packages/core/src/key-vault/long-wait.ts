import { retryAfterSeconds } from "../internal/retry-after.js";
import type { KeyVaultClientOptions } from "./key-vault-options.js";
import { vaultError } from "./vault-errors.js";
import type { VaultObject } from "./vault-object.js";

/** A step on the way of each request, in the SDK's words. */
type Policies = NonNullable<KeyVaultClientOptions["additionalPolicies"]>;

/** Ends a reading that the vault wants later than it may last. The SDK's clients would wait, and all that was told is that time is up. */
export function refusingLongWaits(object: VaultObject, timeoutMs: number): Policies[number] {
  return {
    position: "perRetry",
    policy: {
      name: "mtlsPopLongWait",
      async sendRequest(request, next) {
        const response = await next(request);
        const seconds = retryAfterSeconds(response.headers.get("retry-after"), Date.now());
        if (response.status < 400 || seconds === undefined || seconds * 1000 < timeoutMs) return response;
        const busy = Object.assign(new Error(`It asks to wait ${seconds} s.`), { statusCode: response.status, response });
        throw vaultError(busy, object);
      },
    },
  };
}
