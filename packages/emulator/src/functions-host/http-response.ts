import type { ServerResponse } from "node:http";
import type { HttpCookie, InvocationResponse } from "./core-api.js";
import { bodyBytes } from "./typed-data.js";

/** Headers that belong to one connection, or that `node:http` computes. */
const OWN_HEADERS = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"]);

const SAME_SITE = { none: undefined, lax: "lax", strict: "strict", explicitNone: "none" } as const;

/** Writes what the library made of a handler's return value; a handler that returned nothing is a 204, as in Azure. */
export function writeResponse(response: ServerResponse, { returnValue }: InvocationResponse): void {
  const http = returnValue?.http;
  if (!http) {
    response.writeHead(204).end();
    return;
  }
  response.statusCode = Number(http.statusCode ?? 200);
  for (const [name, value] of Object.entries(http.headers ?? {})) {
    if (!OWN_HEADERS.has(name.toLowerCase())) response.setHeader(name, value);
  }
  if (http.cookies?.length) response.appendHeader("set-cookie", http.cookies.map(setCookie));
  response.end(bodyBytes(http.body));
}

function setCookie({ name, value, ...cookie }: HttpCookie): string {
  const sameSite = SAME_SITE[cookie.sameSite ?? "none"];
  return [
    `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
    cookie.expires && `expires=${new Date(cookie.expires.value.seconds * 1000).toUTCString()}`,
    cookie.maxAge && `max-age=${cookie.maxAge.value}`,
    cookie.domain && `domain=${cookie.domain.value}`,
    cookie.path && `path=${cookie.path.value}`,
    cookie.secure?.value && "secure",
    sameSite && `samesite=${sameSite}`,
    cookie.httpOnly?.value && "httponly",
  ]
    .filter(Boolean)
    .join("; ");
}
