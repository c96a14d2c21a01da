import { validateHeaderName, validateHeaderValue } from "node:http";
import { MtlsPopError } from "../errors.js";

/** Headers that belong to the connection (RFC 9110 section 7.6.1) or name its other end; undici's fetch refuses most of them as well. */
const CONNECTION_HEADERS = new Set([
  "connection",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** As `fetch` takes it off; other blanks are part of a value (https://fetch.spec.whatwg.org/#concept-header-value-normalize). */
const OUTER_WHITESPACE = /^[\t\n\r ]+|[\t\n\r ]+$/g;

/**
 * Headers that a caller gave, in any of the forms that `fetch` takes, by lower-case name; those of one name are joined.
 * `Content-Length` is left out: it is computed.
 *
 * @param where for messages
 * @throws {MtlsPopError} `authorization_header_refused`; `invalid_options` for a connection header or what HTTP does not allow
 */
export function readHeaders(where: string, headers: unknown): Map<string, string> {
  const read = new Map<string, string>();
  for (const [name, value] of entriesOf(where, headers)) {
    const lower = name.toLowerCase();
    if (lower === "authorization") {
      throw new MtlsPopError(
        "authorization_header_refused",
        `${where} has an Authorization header, but the bound token is what is sent there.`,
        {
          help: "Leave it out; to call with another credential, use the global fetch.",
        },
      );
    }
    if (CONNECTION_HEADERS.has(lower)) {
      throw new MtlsPopError("invalid_options", `${where} has the header "${lower}", which belongs to the connection.`, {
        help: "Leave it out.",
      });
    }
    const trimmed = value.replaceAll(OUTER_WHITESPACE, "");
    try {
      validateHeaderName(lower);
      validateHeaderValue(lower, trimmed);
    } catch (cause) {
      throw new MtlsPopError("invalid_options", `${where} has a name or value that HTTP does not allow in a header.`, { cause });
    }
    const present = read.get(lower);
    if (lower !== "content-length") read.set(lower, present === undefined ? trimmed : `${present}, ${trimmed}`);
  }
  return read;
}

function entriesOf(where: string, headers: unknown): Iterable<readonly [name: string, value: string]> {
  if (typeof headers !== "object" || headers === null) throw notHeaders(where);
  const pairs = Symbol.iterator in headers ? Array.from(headers as Iterable<unknown>) : Object.entries(headers);
  return pairs.map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw notHeaders(where);
    return [textOf(where, pair[0]), textOf(where, pair[1])];
  });
}

/** As the platform does it, but for what would become `[object Object]`. */
function textOf(where: string, value: unknown): string {
  if (typeof value === "object" || typeof value === "function" || typeof value === "symbol") throw notHeaders(where);
  return String(value);
}

function notHeaders(where: string): MtlsPopError {
  return new MtlsPopError("invalid_options", `${where} must be an object, a Headers or an array of [name, value] pairs, all of them text.`);
}
