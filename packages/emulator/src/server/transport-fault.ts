import type { Fault } from "../faults/fault.js";
import type { Answer } from "./answer.js";

/** How a server words the faults that are answers. */
export interface FaultAnswers {
  throttled(retryAfterSeconds: number | undefined): Answer;
  unavailable(retryAfterSeconds: number | undefined): Answer;
  revokedCertificate(): Answer;
}

/** What a server does with a request: hand it on, answer it at once, or one of the things that are no answer. */
export type FaultOutcome = "handle" | "reset" | "hang" | Answer;

const BAD_JSON: Answer = { status: 200, headers: { "content-type": "application/json" }, body: '{"access_token": "ey' };

/**
 * Turns a fault into what is done; the token endpoint's own faults are left to its handler.
 *
 * @param signal ends a wait, when the server closes
 */
export async function meetFault(fault: Fault | undefined, answers: FaultAnswers, signal: AbortSignal): Promise<FaultOutcome> {
  switch (fault?.kind) {
    case "latency":
      await delay(fault.delayMs, signal);
      return "handle";
    case "throttle":
      return answers.throttled(fault.retryAfterSeconds);
    case "unavailable":
      return answers.unavailable(fault.retryAfterSeconds);
    case "revoked-certificate":
      return answers.revokedCertificate();
    case "bad-json":
      return BAD_JSON;
    case "reset":
    case "hang":
      return fault.kind;
    default:
      return "handle";
  }
}

/** The header that says when to come back. */
export function retryAfter(seconds: number | undefined): Record<string, string> {
  return seconds === undefined ? {} : { "retry-after": String(seconds) };
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish);
  });
}
