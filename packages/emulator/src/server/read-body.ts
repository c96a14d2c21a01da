import type { IncomingMessage } from "node:http";

/** 64 MiB. */
const MOST_BYTES = 67_108_864;

/** The body of a request; `undefined` for one that is larger than any server here takes. */
export async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  let chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const part: Buffer = chunk;
    size += part.length;
    // read to its end all the same: a client that still sends would not see an answer
    if (size <= MOST_BYTES) chunks.push(part);
    else chunks = [];
  }
  return size <= MOST_BYTES ? Buffer.concat(chunks) : undefined;
}
