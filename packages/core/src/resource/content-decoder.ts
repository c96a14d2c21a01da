import { pipeline, type Readable, type Transform } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { MtlsPopError } from "../errors.js";

/** More layers than this are an attack on the reader's memory and time. */
const MAX_ENCODINGS = 5;
/** Lenient with a missing end, as browsers and undici are. */
const ZLIB = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH };

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(ZLIB),
  "x-gzip": () => createGunzip(ZLIB),
  deflate: () => createInflate(ZLIB),
  br: () => createBrotliDecompress(BROTLI),
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
  const decoders = makers.reverse().map((maker) => maker());
  const last = decoders.at(-1);
  if (!last) return body;
  pipeline([body, ...decoders], (error) => error && onError(error));
  return last;
}
