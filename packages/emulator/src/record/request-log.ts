import type { RecordedRequest } from "./recorded-request.js";

/** Every request, in the order of arrival. */
export class RequestLog {
  readonly #entries: RecordedRequest[] = [];

  /** Takes a request in. */
  record(request: RecordedRequest): void {
    this.#entries.push(request);
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
