import type { RecordedRequest } from "./recorded-request.js";

/** As many requests as are kept for certain: more than a test looks at, and less than an emulator that runs for days can hold. */
const KEPT = 10_000;
/** Forgotten at once when it gets more, so that few requests pay for it. */
const FORGOTTEN = 1_000;

/** Every request, in the order of arrival; of very many, the latest. */
export class RequestLog {
  readonly #entries: RecordedRequest[] = [];

  /** Takes a request in. */
  record(request: RecordedRequest): void {
    this.#entries.push(request);
    if (this.#entries.length >= KEPT + FORGOTTEN) this.#entries.splice(0, FORGOTTEN);
  }

  /** The live list: it grows while it is held. */
  get entries(): readonly RecordedRequest[] {
    return this.#entries;
  }

  /** Forgets what was recorded. */
  clear(): void {
    this.#entries.length = 0;
  }
}

/** A request as JSON: the body as text, the certificate's DER in base64. */
export function requestToJson({ body, clientCertificate, ...facts }: RecordedRequest): Readonly<Record<string, unknown>> {
  return {
    ...facts,
    ...(body && { body: body.toString("utf8") }),
    ...(clientCertificate && { clientCertificate: clientCertificate.toString("base64") }),
  };
}
