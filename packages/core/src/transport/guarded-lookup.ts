import type { LookupFunction } from "node:net";

/**
 * A `lookup` of the user's that fails as Node expects it: one that throws, or gives no list where one was asked for, would throw in the
 * middle of Node's own code, which leaves the connection behind half made.
 */
export function guardedLookup(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    let isAnswered = false;
    const answer: typeof callback = (error, address, family) => {
      if (isAnswered) return;
      isAnswered = true;
      if (!error && options.all && !isList(address)) callback(noAddress(hostname), []);
      else callback(error, address, family);
    };
    try {
      lookup(hostname, options, answer);
    } catch (error) {
      if (isAnswered) throw error;
      answer(error instanceof Error ? error : new Error(String(error)), []);
    }
  };
}

function isList(addresses: unknown): boolean {
  return Array.isArray(addresses) && addresses.length > 0 && addresses.every((one) => typeof one === "object" && one !== null);
}

function noAddress(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`\`transport.lookup\` gave no list of addresses for ${hostname}`), { code: "ENOTFOUND" });
}
