import { type Answer, drain } from "../transport/answer.js";
import type { Transport } from "../transport/transport-options.js";
import { notReplayable, type OutgoingBody } from "./request-body.js";

/** Of an answer that is not handed on, this much is read, in bytes. */
export const DRAIN_BYTES: number = 64 * 1024;

/** A request whose answer is followed by another try. */
export interface DismissedRequest {
  /** For messages. */
  readonly authority: string;
  readonly body: OutgoingBody | undefined;
  readonly signal: AbortSignal | undefined;
  readonly transport: Transport;
}

/**
 * Reads an answer to its end, so that its connection can take the next try.
 *
 * @param why there is a next one, in words that complete "… answered 401 and …"
 * @throws {MtlsPopError} as {@link assertReplayable} does
 */
export async function dismiss(answer: Answer, request: DismissedRequest, why: string): Promise<void> {
  assertReplayable(answer, request, why);
  await drain(answer, DRAIN_BYTES, request.transport, request.signal);
}

/** @throws {MtlsPopError} `body_not_replayable` when there can be no next try */
export function assertReplayable({ message }: Answer, { authority, body }: DismissedRequest, why: string): void {
  if (!body || body.replayable) return;
  message.destroy();
  throw notReplayable(`${authority} answered ${message.statusCode} and ${why}`, message.statusCode);
}
