import type { ClientRequest } from "node:http";
import type { ReadableStream } from "node:stream/web";
import { MtlsPopError } from "../errors.js";

/**
 * Sends a stream as the body of a request, as fast as the connection takes it. When the request ends first (an abort, an answer that
 * did not wait for the body), the stream is cancelled.
 *
 * @throws what the stream threw; {MtlsPopError} as {@link assertBytes} does
 */
export async function upload(outgoing: ClientRequest, stream: ReadableStream): Promise<void> {
  const reader = stream.getReader();
  outgoing.once("close", () => reader.cancel().catch(() => undefined));
  for (;;) {
    const { done, value } = await reader.read();
    if (outgoing.destroyed) return;
    if (done) break;
    assertBytes(value);
    if (!outgoing.write(value)) await writable(outgoing);
  }
  outgoing.end();
}

/** @throws {MtlsPopError} `invalid_options` for a stream's chunk that is not bytes, which `fetch` refuses as well */
export function assertBytes(chunk: unknown): asserts chunk is Uint8Array {
  if (chunk instanceof Uint8Array) return;
  throw new MtlsPopError("invalid_options", `The request's body is a stream with a chunk of type ${typeof chunk} in it, not bytes.`, {
    help: "Pipe it through a TextEncoderStream.",
  });
}

function writable(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const ready = () => {
      outgoing.off("drain", ready);
      outgoing.off("close", ready);
      resolve();
    };
    outgoing.once("drain", ready);
    outgoing.once("close", ready);
  });
}
