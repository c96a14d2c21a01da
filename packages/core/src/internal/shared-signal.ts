import { defaultMaxListeners, getMaxListeners, setMaxListeners } from "node:events";

/** As undici's fetch sets it. */
const MAX_LISTENERS = 1500;

/**
 * Lets many calls wait on one caller's signal: each listens to it, and Node takes more than ten listeners for a leak and warns.
 * A limit that the caller has set stays.
 */
export function shareSignal(signal: AbortSignal | undefined): void {
  if (signal && getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(MAX_LISTENERS, signal);
}
