import { type Answer, onceReleased } from "../transport/answer.js";
import { namesBindingMismatch } from "./binding-mismatch.js";
import { decodedChunks } from "./response-body.js";

/** What {@link readRefusal} is held to. */
export interface RefusalLimits {
  /** Of the body as it comes, and as it is decoded. */
  readonly limitBytes: number;
  /** For all of it: a byte now and then must not keep the caller waiting. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads the body of an answer that may be followed by another try, and may as well be the caller's.
 *
 * @returns the bytes as they came, once the connection can take the next request; `undefined` when they are too many, too slow or cut: the
 * message is then as if nothing had been read of it
 */
export function readRefusal(answer: Answer, { limitBytes, timeoutMs, signal }: RefusalLimits): Promise<Buffer | undefined> {
  const { message } = answer;
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      message.off("readable", onReadable);
      message.off("end", onEnd);
      message.off("close", giveBack);
      message.off("error", ignore);
    };
    const giveBack = () => {
      stop();
      if (!message.destroyed && size > 0) message.unshift(Buffer.concat(chunks));
      resolve(undefined);
    };
    const onAbort = () => {
      message.destroy();
      giveBack();
    };
    const onReadable = () => {
      for (let chunk: Buffer | null = message.read(); chunk !== null; chunk = message.read()) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > limitBytes) return giveBack();
      }
    };
    const onEnd = () => {
      stop();
      onceReleased(answer, () => resolve(Buffer.concat(chunks)));
    };
    const timer = setTimeout(giveBack, timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    message.on("readable", onReadable);
    message.once("end", onEnd);
    message.once("close", giveBack);
    message.on("error", ignore);
  });
}

/** Whether a 401 names a binding mismatch, in its challenge or in the body that was read of it. */
export async function isBindingMismatch({ message }: Answer, body: Buffer | undefined, limitBytes: number): Promise<boolean> {
  const { "www-authenticate": challenge, "content-encoding": encoding } = message.headers;
  return namesBindingMismatch(challenge, body && (await textOfRefusal(body, encoding, limitBytes)));
}

/** The text of a body that was read whole, or of its beginning when it is long; what does not decode has none. */
async function textOfRefusal(body: Buffer, contentEncoding: string | undefined, limitBytes: number): Promise<string> {
  if (contentEncoding === undefined) return body.toString("utf8");
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of decodedChunks(body, contentEncoding, "")) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > limitBytes) break;
    }
  } catch {
    return "";
  }
  return Buffer.concat(chunks).toString("utf8");
}

function ignore(): void {}
