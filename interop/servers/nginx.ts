import { CONNECTION_HEADERS } from "./guarded-upstream.js";
import type { ServerSurroundings, StartedServer } from "./real-server.js";
import { type Program, startProgram } from "./server-program.js";

/** nginx. */
export const NGINX: Program = { name: "nginx", command: "nginx", debianPackage: "nginx" };

/** Values of `ssl_verify_client`. */
export type NginxWay = "on" | "optional" | "optional_no_ca";

const WAYS = ["on", "optional", "optional_no_ca"] as const satisfies readonly NginxWay[];

/** Starts nginx with a server for each value of `ssl_verify_client`; they speak HTTP/2 too. */
export async function startNginx(around: ServerSurroundings): Promise<StartedServer<NginxWay>> {
  const { ports, close } = await startProgram(NGINX, {
    ports: WAYS.length,
    files: (folder, ports) => ({
      "server.crt": around.credentials.cert,
      "server.key": around.credentials.key,
      "clients.crt": around.clientCa,
      "strangers.crt": around.strangeCa,
      "nginx.conf": `
daemon off;
# whoever owns the folder; it counts for root alone
user root;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join("\n")}
${WAYS.map((way, index) => server(way, ports[index], around)).join("\n")}
}
`,
    }),
    parameters: (folder) => ["-c", `${folder}/nginx.conf`],
  });
  const url = (way: NginxWay): string => `https://${around.host}:${ports[WAYS.indexOf(way)]}`;
  return { urls: { on: url("on"), optional: url("optional"), optional_no_ca: url("optional_no_ca") }, close };
}

/** With `optional_no_ca`, none of the clients' certificates comes from an authority that nginx knows. */
function server(way: NginxWay, port: number | undefined, { host, upstreamPort }: ServerSurroundings): string {
  return `  server {
    listen 127.0.0.1:${port} ssl http2;
    server_name ${host};
    ssl_certificate server.crt;
    ssl_certificate_key server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_verify_client ${way};
    ssl_client_certificate ${way === "optional_no_ca" ? "strangers.crt" : "clients.crt"};
    client_max_body_size 2m;
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
      proxy_http_version 1.1;
      proxy_set_header X-Client-Cert $ssl_client_escaped_cert;
      proxy_set_header ${CONNECTION_HEADERS.id} $remote_port;
      proxy_set_header ${CONNECTION_HEADERS.tlsProtocol} $ssl_protocol;
      proxy_set_header ${CONNECTION_HEADERS.sessionReuse} $ssl_session_reused;
      proxy_set_header ${CONNECTION_HEADERS.httpVersion} $server_protocol;
      proxy_set_header ${CONNECTION_HEADERS.alpn} $ssl_alpn_protocol;
    }
  }`;
}
