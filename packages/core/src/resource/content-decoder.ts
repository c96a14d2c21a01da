import { pipeline, type Readable, type Transform } from "node:stream";
import { MtlsPopError } from "../errors.js";

/** More layers than this are an attack on the reader's memory and time. */
const MAX_ENCODINGS = 5;
type Zlib = typeof import("node:zlib");

/** Lenient with a missing end, as browsers and undici are. */
const lenient = ({ Z_SYNC_FLUSH }: Zlib["constants"]) => ({ flush: Z_SYNC_FLUSH, finishFlush: Z_SYNC_FLUSH });
const lenientBrotli = ({ BROTLI_OPERATION_FLUSH: flush }: Zlib["constants"]) => ({ flush, finishFlush: flush });

const DECODERS: Readonly<Record<string, (zlib: Zlib) => Transform>> = {
  gzip: (zlib) => zlib.createGunzip(lenient(zlib.constants)),
  "x-gzip": (zlib) => zlib.createGunzip(lenient(zlib.constants)),
  deflate: (zlib) => zlib.createInflate(lenient(zlib.constants)),
  br: (zlib) => zlib.createBrotliDecompress(lenientBrotli(zlib.constants)),
};

/** What is asked for with `Accept-Encoding`; `deflate` is read but not asked for, since servers disagree on what it is. */
export const ACCEPT_ENCODING = "br, gzip";

/**
 * Takes the content encodings off a body. An encoding that is not known leaves it as it is, as in `fetch`.
 *
 * @param contentEncoding the header's value; the last encoding named was applied last
 * @param onError gets what ended the body early, of the connection or the data
 * @throws {MtlsPopError} `network_error` for more than five encodings
 */
export function decoded(body: Readable, contentEncoding: string | undefined, onError: (error: unknown) => void): Readable {
  const encodings = (contentEncoding ?? "")
    .toLowerCase()
    .split(",")
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== "" && encoding !== "identity");
  if (encodings.length > MAX_ENCODINGS) {
    throw new MtlsPopError("network_error", `The answer has ${encodings.length} content encodings, more than anyone needs.`, {
      retryable: false,
    });
  }
  const makers = encodings.map((encoding) => (Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined));
  if (!makers.every((maker) => maker !== undefined)) return body;
  if (makers.length === 0) return body;
  // 2 ms to load, which the first request of a process may not need
  const zlib = process.getBuiltinModule("node:zlib");
  const decoders = makers.reverse().map((maker) => maker(zlib));
  const last = decoders.at(-1);
  if (!last) return body;
  pipeline([body, ...decoders], (error) => error && onError(error));
  return last;
}
