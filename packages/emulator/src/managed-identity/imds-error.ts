import { type Answer, json } from "../server/answer.js";

/** A request that the metadata service refuses, in its JSON. */
export class ImdsError extends Error {
  override readonly name = "ImdsError";
  readonly status: number;
  readonly error: string;

  constructor(description: string, { status = 400, error = "invalid_request" }: { status?: number; error?: string } = {}) {
    super(description);
    this.status = status;
    this.error = error;
  }

  toAnswer(): Answer {
    return json(this.status, { error: this.error, error_description: this.message });
  }
}
