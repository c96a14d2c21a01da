import { CONNECTION_HEADERS } from "./guarded-upstream.js";
import type { ServerSurroundings, StartedServer } from "./real-server.js";
import { type Program, startProgram } from "./server-program.js";

/** Apache httpd. */
export const APACHE: Program = { name: "Apache httpd", command: "apache2", debianPackage: "apache2" };

const MODULE_FOLDER = "/usr/lib/apache2/modules";
const MODULES = ["mpm_event", "authz_core", "headers", "proxy", "proxy_http", "setenvif", "ssl"];

/** What Apache's hosts do. */
export type ApacheWay = "renegotiation" | "handshake";

/** The path, on the host that renegotiates, where Apache keeps no more of a body than it does unless told otherwise: 128 KiB. */
export const SMALL_BUFFER_PATH = "/small-buffer";

/** Starts Apache with a host that asks for the certificate of a Location, after it has read the request, and one that asks everybody. */
export async function startApache(around: ServerSurroundings): Promise<StartedServer<ApacheWay>> {
  const { ports, folder, close } = await startProgram(APACHE, {
    ports: 2,
    files: (folder, [renegotiation, handshake]) => ({
      "server.crt": around.credentials.cert,
      "server.key": around.credentials.key,
      "clients.crt": around.clientCa,
      "httpd.conf": `
ServerRoot "${folder}"
ServerName ${around.host}
DefaultRuntimeDir "${folder}"
PidFile "${folder}/httpd.pid"
ErrorLog "${folder}/error.log"
LogLevel warn ssl:debug
${MODULES.map((name) => `LoadModule ${name}_module ${MODULE_FOLDER}/mod_${name}.so`).join("\n")}
${process.getuid?.() === 0 ? "User www-data\nGroup www-data" : ""}
ServerLimit 2
ThreadsPerChild 64
StartServers 1
Listen 127.0.0.1:${renegotiation}
Listen 127.0.0.1:${handshake}
SSLSessionCache none
<VirtualHost *:${renegotiation}>
${shared(around)}
  <LocationMatch "^/(?!small-buffer)">
    SSLVerifyClient require
    # the whole body is kept while the certificate is asked for
    SSLRenegBufferSize 2097152
  </LocationMatch>
  <Location "${SMALL_BUFFER_PATH}">
    SSLVerifyClient require
  </Location>
</VirtualHost>
<VirtualHost *:${handshake}>
${shared(around)}
  SSLVerifyClient require
</VirtualHost>
`,
    }),
    parameters: (folder) => ["-f", `${folder}/httpd.conf`, "-DFOREGROUND"],
  });
  const [renegotiation, handshake] = ports;
  return {
    urls: { renegotiation: `https://${around.host}:${renegotiation}`, handshake: `https://${around.host}:${handshake}` },
    log: `${folder}/error.log`,
    close,
  };
}

/** What both hosts have; the session is looked at before a renegotiation puts another in its place. */
function shared({ upstreamPort, host }: ServerSurroundings): string {
  return `  ServerName ${host}
  SSLEngine on
  SSLCertificateFile server.crt
  SSLCertificateKeyFile server.key
  SSLCACertificateFile clients.crt
  SetEnvIfExpr "%{SSL:SSL_SESSION_RESUMED} =~ /(.+)/" FIRST_SESSION=$1
  RequestHeader set X-Client-Cert "%{SSL_CLIENT_CERT}s"
  RequestHeader set ${CONNECTION_HEADERS.id} "expr=%{REMOTE_PORT}"
  RequestHeader set ${CONNECTION_HEADERS.tlsProtocol} "%{SSL_PROTOCOL}s"
  RequestHeader set ${CONNECTION_HEADERS.sessionReuse} "%{FIRST_SESSION}e"
  RequestHeader set ${CONNECTION_HEADERS.httpVersion} "expr=%{SERVER_PROTOCOL}"
  ProxyPass "/" "http://127.0.0.1:${upstreamPort}/"`;
}
