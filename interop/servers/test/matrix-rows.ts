import type { ResourceOptions } from "@mtls-pop/core";
import type { Guarded, RealServers } from "../real-servers.js";

/** One way in which a server asks for the certificate, over one TLS version. */
export interface MatrixRow {
  readonly server: string;
  /** The server's own words for it. */
  readonly asks: string;
  readonly tls: "TLSv1.2" | "TLSv1.3";
  readonly at: (servers: RealServers) => { readonly url: string } & Pick<Guarded<string>, "upstream">;
  /** What core is told of the resource. */
  readonly resource: Omit<ResourceOptions, "baseUrl">;
  /** What every call is answered. */
  readonly status: 200 | 403;
  /** What comes of a call whose headers are the owner's, its certificate among them, over a connection that shows something else. */
  readonly refuses: Refusals;
}

/** The answer to a thief, by what the thief's connection shows. */
export interface Refusals {
  readonly nothing: string;
  /** One of the same authority. */
  readonly another: string;
  /** One of an authority that nobody knows. */
  readonly stranger: string;
}

const TLS_VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

const ENDED = "connection ended";
const [BAD_REQUEST, FORBIDDEN] = ["400", "403"];
const [MISSING, MISMATCH] = ["401 `client_certificate_missing`", "401 `token_confirmation_mismatch`"];

/** A server that knows the authority of the clients. */
const KNOWS_ISSUER: Refusals = { nothing: ENDED, another: MISMATCH, stranger: ENDED };
/** One that takes any certificate, and leaves it to the API whose it is. */
const TAKES_ANY: Refusals = { nothing: MISSING, another: MISMATCH, stranger: MISMATCH };

const RENEGOTIATION = {
  server: "Apache httpd",
  asks: "after the request: `SSLVerifyClient require` in a `<Location>`",
  at: ({ apache }: RealServers) => ({ url: apache.server.urls.renegotiation, upstream: apache.upstream }),
} as const;

/** Every server, each way of its, and what comes of it. */
export const MATRIX_ROWS: readonly MatrixRow[] = [
  // the profile keeps to 1.2 by itself, since 1.3 has no renegotiation
  { ...RENEGOTIATION, tls: "TLSv1.2", resource: { profile: "key-vault" }, status: 200, refuses: KNOWS_ISSUER },
  {
    ...RENEGOTIATION,
    tls: "TLSv1.3",
    resource: { profile: "key-vault", tls: { maxVersion: "TLSv1.3" } },
    status: 403,
    refuses: { nothing: FORBIDDEN, another: FORBIDDEN, stranger: FORBIDDEN },
  },
  ...inHandshake("Apache httpd", "`SSLVerifyClient require`", KNOWS_ISSUER, ({ apache: { server, upstream } }) => ({
    url: server.urls.handshake,
    upstream,
  })),
  ...inHandshake(
    "nginx",
    "`ssl_verify_client on`",
    { nothing: BAD_REQUEST, another: MISMATCH, stranger: BAD_REQUEST },
    ({ nginx: { server, upstream } }) => ({ url: server.urls.on, upstream }),
  ),
  ...inHandshake(
    "nginx",
    "`ssl_verify_client optional`",
    { nothing: MISSING, another: MISMATCH, stranger: BAD_REQUEST },
    ({ nginx: { server, upstream } }) => ({ url: server.urls.optional, upstream }),
  ),
  ...inHandshake("nginx", "`ssl_verify_client optional_no_ca`", TAKES_ANY, ({ nginx: { server, upstream } }) => ({
    url: server.urls.optional_no_ca,
    upstream,
  })),
  ...inHandshake("HAProxy", "`verify required`", KNOWS_ISSUER, ({ haproxy: { server, upstream } }) => ({
    url: server.urls.required,
    upstream,
  })),
  ...inHandshake("HAProxy", "`verify optional`, any issuer", TAKES_ANY, ({ haproxy: { server, upstream } }) => ({
    url: server.urls.optional,
    upstream,
  })),
];

function inHandshake(server: string, setting: string, refuses: Refusals, at: MatrixRow["at"]): MatrixRow[] {
  return TLS_VERSIONS.map((tls) => ({
    server,
    asks: `in the handshake: ${setting}`,
    tls,
    at,
    resource: { tls: { maxVersion: tls } },
    status: 200,
    refuses,
  }));
}
