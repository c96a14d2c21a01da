import { execFile } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";
import { type Program, startProgram } from "./server-program.js";

/** Squid. */
export const SQUID: Program = { name: "Squid", command: "squid", debianPackage: "squid" };

/** A proxy that takes connections. */
export interface StartedProxy {
  /** With what it lets in. */
  readonly url: string;
  /** Without. */
  readonly bareUrl: string;
  /** Of the same user, with another password. */
  readonly wrongUrl: string;
  /** A line for each tunnel that has ended, and for each that was refused. */
  readonly log: string;
  close(): Promise<void>;
}

/** A password has characters that a URL has another use for. */
const [USER, PASSWORD] = ["functions", "p@ss:w/rd%1"];

/**
 * Starts Squid, which opens tunnels to these names, and to no others, for whoever has its credentials. It finds them on loopback, though
 * nobody else knows them.
 */
export async function startSquid(names: readonly string[]): Promise<StartedProxy> {
  const { stdout: hash } = await promisify(execFile)("openssl", ["passwd", "-apr1", PASSWORD]);
  const { ports, folder, close } = await startProgram(SQUID, {
    ports: 1,
    user: "proxy",
    files: (folder, [port]) => ({
      hosts: `127.0.0.1 ${names.join(" ")}\n`,
      passwords: `${USER}:${hash}`,
      "squid.conf": `
http_port 127.0.0.1:${port}
pid_filename ${folder}/squid.pid
cache_log ${folder}/cache.log
access_log stdio:${folder}/access.log
coredump_dir ${folder}
cache deny all
netdb_filename none
pinger_enable off
shutdown_lifetime 0 seconds
hosts_file ${folder}/hosts
# no name is looked up anywhere else
dns_nameservers 127.0.0.1
auth_param basic program /usr/lib/squid/basic_ncsa_auth ${folder}/passwords
auth_param basic children 1
auth_param basic realm interop
acl known dstdomain ${names.join(" ")}
acl authenticated proxy_auth REQUIRED
http_access deny !CONNECT
http_access deny !known
http_access allow authenticated
http_access deny all
`,
    }),
    // the name is that of its shared memory, which two of them must not have in common
    parameters: (folder) => ["-N", "-n", basename(folder).replaceAll(/[^A-Za-z0-9]/g, ""), "-f", `${folder}/squid.conf`],
  });
  const at = (credentials: string): string => `http://${credentials}127.0.0.1:${ports[0]}`;
  return {
    url: at(`${USER}:${encodeURIComponent(PASSWORD)}@`),
    bareUrl: at(""),
    wrongUrl: at(`${USER}:another@`),
    log: `${folder}/access.log`,
    close,
  };
}
