import { HookError, oneLine } from "./hook-error.js";

/** What to do about a refusal, by the service's own code or by the HTTP status. */
export type RestAdvice = Readonly<Record<string, string>>;

/** A refusal of Azure Resource Manager or Microsoft Graph. */
export class RestError extends HookError {
  override readonly name = "RestError";
  readonly status: number;
  /** The service's own, such as `Authorization_RequestDenied`; empty where it has none. */
  readonly code: string;
  /** The `WWW-Authenticate` of a 401. */
  readonly challenge: string;

  constructor(service: string, request: string, answer: Response, body: unknown, advice: RestAdvice) {
    const error = record(record(body)["error"]);
    const code = text(error["code"]);
    const requestId = answer.headers.get("request-id") ?? answer.headers.get("x-ms-request-id");
    const facts = [String(answer.status), code, requestId && `request id ${requestId}`].filter(Boolean).join(", ");
    const words = oneLine(text(error["message"])) || "no words";
    super(
      `${service} refused ${request} (${facts}): ${words}`,
      advice[code] ?? advice[answer.status] ?? "Run the same command again; if it lasts, ask with the request id.",
    );
    this.status = answer.status;
    this.code = code;
    this.challenge = answer.headers.get("www-authenticate") ?? "";
  }
}

/** An object's fields, or none for anything else. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** A text, or the empty one. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A list's objects. */
export function records(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(record) : [];
}

/** A text that an answer must have. @throws {HookError} when a proxy or a portal answered in the service's place */
export function needed(body: Readonly<Record<string, unknown>>, name: string, service: string): string {
  const value = text(body[name]);
  if (value === "") throw new HookError(`${service} answered without \`${name}\`.`, "Look for a proxy that answers in its place.");
  return value;
}
