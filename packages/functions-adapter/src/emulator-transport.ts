import { X509Certificate } from "node:crypto";
import { lookup as dnsLookup } from "node:dns";
import { readFileSync } from "node:fs";
import type { LookupFunction } from "node:net";
import { MtlsPopError, type TransportOptions } from "@mtls-pop/core";
import { type Environment, setting } from "./settings.js";

const EMULATOR_SUFFIX = ".emulator.localhost";

/**
 * What makes the local emulator reachable: its root is trusted for its own names and for no others, and these names, which DNS does
 * not have everywhere, are put on loopback.
 *
 * @returns nothing without `MTLS_POP_EMULATOR_CA`
 * @throws {MtlsPopError} `settings_invalid` for a file that cannot be read or is no PEM certificate
 */
export function emulatorTransport(env: Environment): TransportOptions | undefined {
  const path = setting(env, "MTLS_POP_EMULATOR_CA");
  return path === undefined ? undefined : { ca: readRoot(path), caHosts: [`*${EMULATOR_SUFFIX}`], lookup };
}

/** Whether a URL is one of the local emulator's. */
export function isEmulated(url: string): boolean {
  return URL.canParse(url) && new URL(url).hostname.endsWith(EMULATOR_SUFFIX);
}

function readRoot(path: string): string {
  const root = attempt(path, "cannot be read", () => readFileSync(path, "utf8"));
  attempt(path, "is no PEM certificate", () => new X509Certificate(root));
  return root;
}

function attempt<T>(path: string, flaw: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new MtlsPopError("settings_invalid", `The app setting MTLS_POP_EMULATOR_CA names "${path}", which ${flaw}.`, {
      cause,
      help: "Start the emulator and set what it prints, or remove the setting.",
    });
  }
}

const lookup: LookupFunction = (hostname, options, callback) => {
  if (!hostname.toLowerCase().endsWith(EMULATOR_SUFFIX)) {
    dnsLookup(hostname, options, callback);
    return;
  }
  const address = "127.0.0.1";
  process.nextTick(() => (options.all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4)));
};
