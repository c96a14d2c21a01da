import { CONNECTION_HEADERS } from "./guarded-upstream.js";
import type { ServerSurroundings, StartedServer } from "./real-server.js";
import { type Program, startProgram } from "./server-program.js";

/** HAProxy. */
export const HAPROXY: Program = { name: "HAProxy", command: "haproxy", debianPackage: "haproxy" };

/** How `bind … verify` is set: `optional` lets any certificate in, and none. */
export type HaproxyWay = "required" | "optional";

/** What each `verify` is set with. */
const VERIFY: Readonly<Record<HaproxyWay, string>> = {
  required: "verify required ca-file clients.crt",
  // as App Service, which knows none of the authorities: the token says whose certificate it is
  optional: "verify optional ca-file strangers.crt ca-ignore-err all crt-ignore-err all",
};

/** Starts HAProxy, which hands the certificate on as App Service's front end does; it speaks HTTP/2 too. */
export async function startHaproxy(around: ServerSurroundings): Promise<StartedServer<HaproxyWay>> {
  const { ports, close } = await startProgram(HAPROXY, {
    ports: 2,
    files: (folder, [required, optional]) => ({
      "server.pem": `${around.credentials.cert}${around.credentials.key}`,
      "clients.crt": around.clientCa,
      "strangers.crt": around.strangeCa,
      "haproxy.cfg": `
global
  crt-base ${folder}
  ca-base ${folder}
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend fe_required
  bind 127.0.0.1:${required} ssl crt server.pem ssl-min-ver TLSv1.2 alpn h2,http/1.1 ${VERIFY.required}
${FORWARDED}
frontend fe_optional
  bind 127.0.0.1:${optional} ssl crt server.pem ssl-min-ver TLSv1.2 alpn h2,http/1.1 ${VERIFY.optional}
${FORWARDED}
backend upstream
  server upstream 127.0.0.1:${around.upstreamPort}
`,
    }),
    parameters: (folder) => ["-db", "-f", `${folder}/haproxy.cfg`],
  });
  const [required, optional] = ports;
  return { urls: { required: `https://${around.host}:${required}`, optional: `https://${around.host}:${optional}` }, close };
}

/** A client's own header goes, whether there is a certificate or not. */
const FORWARDED = `  http-request del-header X-ARR-ClientCert
  http-request set-header X-ARR-ClientCert %[ssl_c_der,base64] if { ssl_c_used }
  http-request set-header ${CONNECTION_HEADERS.id} %[src_port]
  http-request set-header ${CONNECTION_HEADERS.tlsProtocol} %[ssl_fc_protocol]
  http-request set-header ${CONNECTION_HEADERS.sessionReuse} %[ssl_fc_is_resumed]
  http-request set-header ${CONNECTION_HEADERS.httpVersion} HTTP/%[req.ver]
  http-request set-header ${CONNECTION_HEADERS.alpn} %[ssl_fc_alpn]
  default_backend upstream`;
