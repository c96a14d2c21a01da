import type { ClientRequest, IncomingMessage } from "node:http";
import type { Transport } from "./transport-options.js";

/** What a head may have, in bytes: Node's own limit, which a flag of the process would move otherwise. */
export const MAX_HEAD_BYTES: number = 16 * 1024;

/** The head of an answer; its body is still to be read. */
export interface Answer {
  readonly request: ClientRequest;
  readonly message: IncomingMessage;
}

/**
 * Waits until the agent has the connection of an answer back, whose body was read to its end: only then can the next call take it.
 * Does not wait for a connection that closes.
 */
export function onceReleased({ request }: Answer, then: () => void): void {
  if (request.closed || !request.shouldKeepAlive) then();
  else request.once("close", then);
}

/**
 * Reads and keeps a body that is not handed on, so that its connection can be used again, up to a limit; beyond it, when the body takes
 * longer than it may pause, and when the call is aborted, the connection is closed.
 *
 * @returns the bytes, or `undefined` when they were not read to the end
 */
export function drain(
  { request, message }: Answer,
  limitBytes: number,
  transport: Transport,
  signal: AbortSignal | undefined,
): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const giveUp = () => request.destroy();
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) giveUp();
      else chunks.push(chunk);
    });
    message.on("error", giveUp);
    // for all of it: a byte now and then must not keep the caller waiting
    const timer = setTimeout(giveUp, transport.bodyTimeoutMs);
    signal?.addEventListener("abort", giveUp, { once: true });
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      resolve(message.complete && size <= limitBytes ? Buffer.concat(chunks) : undefined);
    };
    // after the body's end, at the moment when the agent has its connection back; of one that was cut the moment may be over
    if (request.closed) finish();
    else request.once("close", finish);
  });
}
