/** A stream that waits for its bytes. */
interface ReadyStream {
  readonly stream: ReadableStream;
  readonly controller: ReadableByteStreamController;
}

/** For the next small answer. One is enough: of many calls at once each is busy anyway. */
let ready: ReadyStream | undefined;
/** Not before the first one: Node loads its streams for the web at first touch, which a process that starts has no time for. */
let isOfUse = false;

/**
 * Makes the stream of an answer that is still on its way, once the request has left: a tenth of a warm call goes into that on Node 20, and the wait
 * for a server is free.
 */
export function readyStream(): void {
  // a request over a connection that is kept alive leaves in the turn before this one
  if (isOfUse && !ready) process.nextTick(makeReady);
}

/** The stream of a body that is there as a whole; `null` is an empty one. */
export function streamOf(bytes: Uint8Array | null): ReadableStream {
  isOfUse = true;
  if (!ready) return new ReadableStream({ type: "bytes", start: (controller) => fill(controller, bytes) });
  const { stream, controller } = ready;
  ready = undefined;
  fill(controller, bytes);
  return stream;
}

function fill(controller: ReadableByteStreamController, bytes: Uint8Array | null): void {
  if (bytes !== null) controller.enqueue(bytes);
  controller.close();
}

function makeReady(): void {
  if (ready) return;
  let controller: ReadableByteStreamController | undefined;
  const start = (given: ReadableByteStreamController) => {
    controller = given;
  };
  const stream = new ReadableStream({ type: "bytes", start });
  // which the standard calls before the constructor returns
  if (controller) ready = { stream, controller };
}
