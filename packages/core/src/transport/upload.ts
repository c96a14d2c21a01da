import type { ClientRequest } from "node:http";
import type { ReadableStream } from "node:stream/web";

/**
 * Sends a stream as the body of a request, as fast as the connection takes it. When the request ends first (an abort, an answer that
 * did not wait for the body), the stream is cancelled.
 *
 * @throws what the stream threw; a `TypeError` for a chunk that is not bytes, as `fetch` has it
 */
export async function upload(outgoing: ClientRequest, stream: ReadableStream): Promise<void> {
  const reader = stream.getReader();
  outgoing.once("close", () => reader.cancel().catch(() => undefined));
  outgoing.once("response", (message) => {
    // the rest of the body would hold up the connection for nothing
    message.once("end", () => {
      if (!outgoing.writableEnded) outgoing.destroy();
    });
  });
  for (;;) {
    const { done, value } = await reader.read();
    if (outgoing.destroyed) return;
    if (done) break;
    if (!(value instanceof Uint8Array)) throw new TypeError("A request body's stream must yield Uint8Array chunks.");
    if (!outgoing.write(value)) await writable(outgoing);
  }
  outgoing.end();
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
