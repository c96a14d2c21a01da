import { lookup } from "node:dns";
import { readFileSync } from "node:fs";
import type { TransportOptions } from "@mtls-pop/core";

const SUFFIX = ".emulator.localhost";

/** Makes the local emulator reachable, where `MTLS_POP_EMULATOR_CA` names its root; an app that is only ever deployed has no use for it. */
export function emulatorTransport(caFile: string | undefined): TransportOptions {
  if (!caFile) return {};
  return {
    ca: readFileSync(caFile, "utf8"),
    caHosts: [`*${SUFFIX}`],
    // not every resolver knows names below localhost
    lookup: (name, options, callback) => lookup(name.endsWith(SUFFIX) ? "localhost" : name, { ...options, family: 4 }, callback),
  };
}
