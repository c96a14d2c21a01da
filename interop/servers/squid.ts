import { execFile } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";
import type { ServerCredentials } from "../../packages/emulator/src/pki/certificate-authority.js";
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
  /** The same proxy, spoken to over TLS. */
  readonly tlsUrl: string;
  /** A line for each tunnel that has ended, and for each that was refused. */
  readonly log: string;
  close(): Promise<void>;
}

/** A password has characters that a URL has another use for. */
const [USER, PASSWORD] = ["functions", "p@ss:w/rd%1"];

/** What a proxy is told. */
export interface SquidOptions {
  /** The name that it answers to over TLS. */
  readonly host: string;
  readonly credentials: ServerCredentials;
  /** Where it opens tunnels to. It finds these names on loopback, though nobody else knows them. */
  readonly names: readonly string[];
}

/** Starts Squid, which opens tunnels for whoever has its credentials. */
export async function startSquid({ host, credentials, names }: SquidOptions): Promise<StartedProxy> {
  const { stdout: hash } = await promisify(execFile)("openssl", ["passwd", "-apr1", PASSWORD]);
  const { ports, folder, close } = await startProgram(SQUID, {
    ports: 2,
    user: "proxy",
    files: (folder, [port, tlsPort]) => ({
      "proxy.crt": credentials.cert,
      "proxy.key": credentials.key,
      hosts: `127.0.0.1 ${names.join(" ")}\n`,
      passwords: `${USER}:${hash}`,
      "squid.conf": `
http_port 127.0.0.1:${port}
https_port 127.0.0.1:${tlsPort} tls-cert=${folder}/proxy.crt tls-key=${folder}/proxy.key
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
  const right = `${USER}:${encodeURIComponent(PASSWORD)}@`;
  return {
    url: at(right),
    bareUrl: at(""),
    wrongUrl: at(`${USER}:another@`),
    tlsUrl: `https://${right}${host}:${ports[1]}`,
    log: `${folder}/access.log`,
    close,
  };
}
