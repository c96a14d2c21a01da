import type { LookupFunction } from "node:net";

/** Puts every name on loopback: the contenders' stand-in for DNS. */
export const loopback: LookupFunction = (_hostname, options, callback) => {
  if (options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};
