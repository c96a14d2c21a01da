import type { LookupFunction } from "node:net";

/**
 * Makes a name look-up for sockets that knows the emulated names alone, so that a test cannot reach the internet.
 *
 * @param isEmulated whether a name, in lower case, is one of the emulator's
 * @returns a `lookup` that puts those on 127.0.0.1 and fails with `ENOTFOUND` for every other
 */
export function loopbackLookup(isEmulated: (name: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    // a resolver never answers before it has returned
    process.nextTick(() => {
      if (!isEmulated(hostname.toLowerCase())) {
        const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
          code: "ENOTFOUND",
          syscall: "getaddrinfo",
          hostname,
        });
        callback(error, "", 0);
      } else if (options.all) {
        callback(null, [{ address: "127.0.0.1", family: 4 }]);
      } else {
        callback(null, "127.0.0.1", 4);
      }
    });
  };
}
