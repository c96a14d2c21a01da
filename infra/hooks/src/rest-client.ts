import { setTimeout as wait } from "node:timers/promises";
import type { HookContext } from "./hook-context.js";
import { HookError, messageOf } from "./hook-error.js";
import { type RestAdvice, RestError, record } from "./rest-error.js";

const TRIES = 6;
/** A service that wants to be left alone for longer is not waited for. */
const MAX_RETRY_AFTER_MS = 120_000;
const TRANSIENT: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

export interface RestClientOptions {
  /** Its name, in errors. */
  readonly service: string;
  readonly baseUrl: string;
  readonly token: () => Promise<string>;
  readonly advice: RestAdvice;
  readonly context: Pick<HookContext, "pace" | "signal">;
}

export interface RestRequest {
  readonly method?: "GET" | "POST" | "PATCH";
  /** Below the base URL, with its query. */
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RestAnswer {
  readonly status: number;
  /** Without fields where there is no JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

interface Sent {
  readonly answer: Response;
  /** `undefined` for what is no JSON. */
  readonly body: unknown;
}

/** Calls one service with azd's login. Throttling and transient failures are waited out; a redirect is not followed. */
export class RestClient {
  readonly #options: RestClientOptions;

  constructor(options: RestClientOptions) {
    this.#options = options;
  }

  /** @throws {RestError} for every status from 300 on; {HookError} when the service cannot be reached */
  async request(request: RestRequest): Promise<RestAnswer> {
    const { service, advice, context } = this.#options;
    const { method = "GET", path } = request;
    for (let turn = 1; ; turn++) {
      const sent = await this.#send(request, turn);
      if (sent === "again") continue;
      const { answer, body } = sent;
      if (answer.ok) return { status: answer.status, body: record(body) };
      const pauseMs = this.#pauseMs(answer, turn);
      if (pauseMs === undefined) throw new RestError(service, `${method} ${path}`, answer, body, advice);
      await wait(pauseMs, undefined, { signal: context.signal });
    }
  }

  /** A GET; `undefined` for 404. */
  async find(path: string): Promise<RestAnswer["body"] | undefined> {
    try {
      return (await this.request({ path })).body;
    } catch (error) {
      if (error instanceof RestError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #send({ method = "GET", path, body, headers }: RestRequest, turn: number): Promise<Sent | "again"> {
    const { service, baseUrl, token, context } = this.#options;
    const init: RequestInit = {
      method,
      redirect: "manual",
      headers: { ...headers, authorization: `Bearer ${await token()}`, ...(body && { "content-type": "application/json" }) },
      signal: AbortSignal.any([context.signal, AbortSignal.timeout(context.pace.answerMs)]),
      ...(body && { body: JSON.stringify(body) }),
    };
    try {
      const answer = await fetch(`${baseUrl}${path}`, init);
      // all of it, so that a connection that breaks in the middle is one that is tried again
      return { answer, body: parsed(await answer.text()) };
    } catch (error) {
      context.signal.throwIfAborted();
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      if (turn >= TRIES) {
        const help = "Check the network. A proxy of HTTPS_PROXY is used with NODE_USE_ENV_PROXY=1 only, by Node 22.21 or later.";
        throw new HookError(`${service} could not be reached at ${baseUrl}: ${messageOf(cause)}`, help, error);
      }
      await wait(context.pace.retryMs * 2 ** (turn - 1), undefined, { signal: context.signal });
      return "again";
    }
  }

  /** How long to wait before the next try, or nothing when there is none. */
  #pauseMs({ status, headers }: Response, turn: number): number | undefined {
    if (!TRANSIENT.has(status) || turn >= TRIES) return undefined;
    const retryAfter = headers.get("retry-after");
    const askedMs = retryAfter === null ? Number.NaN : Number(retryAfter) * 1000;
    if (askedMs > MAX_RETRY_AFTER_MS) return undefined;
    return Number.isNaN(askedMs) ? this.#options.context.pace.retryMs * 2 ** (turn - 1) : askedMs;
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
