import { randomUUID } from "node:crypto";
import { type Answer, json } from "../server/answer.js";
import { type FaultAnswers, retryAfter } from "../server/transport-fault.js";
import { type AadstsCode, EntraError } from "./aadsts.js";
import { EMULATOR_DOMAIN } from "./entra-hosts.js";

/** The faults that every server knows, in Entra's words. */
export const entraFaultAnswers: FaultAnswers = {
  throttled: (seconds) => refusal(90055, retryAfter(seconds)),
  unavailable: (seconds) => refusal(90033, retryAfter(seconds)),
  revokedCertificate: () => refusal(7000214),
};

function refusal(code: AadstsCode, headers: Record<string, string> = {}): Answer {
  const error = new EntraError(code);
  return json(error.status, error.toBody(`login.${EMULATOR_DOMAIN}`, randomUUID(), randomUUID(), new Date()), headers);
}
