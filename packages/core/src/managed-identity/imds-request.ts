import { MtlsPopError } from "../errors.js";
import type { Clock } from "../internal/clock.js";
import { type ControlRequest, type ControlResponse, sendControlRequest } from "../transport/control-request.js";
import type { Transport } from "../transport/transport-options.js";
import { endpointOfVariable } from "./endpoint-variable.js";
import { type RetrySchedule, sendWithRetries } from "./retry.js";

/** Names another address of the service, as AKS pod identity and stand-ins do. */
export const IMDS_URL_VARIABLE = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/** The instance metadata service of a virtual machine. @see PROTOCOL.md sections 5 and 7 */
const IMDS = {
  url: "http://169.254.169.254",
  /** The address is the machine's own: what does not connect in this time is not there. */
  connectTimeoutMs: 2000,
  retryDelaysMs: [1000, 2000, 4000],
  /** 410: the service is being updated, which takes up to 70 s. */
  goneDelaysMs: Array<number>(7).fill(10_000),
} as const;

const isTransient = (status: number): boolean => status === 408 || status === 410 || status === 429 || status >= 500;

const SCHEDULE: RetrySchedule = {
  isTransient: (outcome) => outcome === "time-out" || outcome === 404 || isTransient(outcome),
  delaysMs: (first) => (first === 410 ? IMDS.goneDelaysMs : IMDS.retryDelaysMs),
  honoursRetryAfter: false,
};

/** Of a probe, 404 is the answer: the host does not have what is asked for. */
const PROBE_SCHEDULE: RetrySchedule = { ...SCHEDULE, isTransient: (outcome) => outcome !== 404 && SCHEDULE.isTransient(outcome) };

/** One call of the service. */
export interface ImdsCall {
  /** A GUID that the service logs as well. */
  readonly correlationId: string;
  readonly signal?: AbortSignal | undefined;
  /** Takes 404 for an answer and not for something that passes. @default false */
  readonly probe?: boolean;
}

/** Asks the instance metadata service: never through a proxy, without redirects, again where that can help. */
export class ImdsClient {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #env: Readonly<NodeJS.ProcessEnv>;

  constructor({ transport, clock, env }: { transport: Transport; clock: Clock; env: Readonly<NodeJS.ProcessEnv> }) {
    this.#transport = transport;
    this.#clock = clock;
    this.#env = env;
  }

  /**
   * @param path e.g. `/metadata/identity/oauth2/token`
   * @returns the last answer, whatever its status
   * @throws {MtlsPopError} `timeout`, `network_error`, `invalid_managed_identity_response` for an answer over 1 MiB, `settings_invalid`; the
   * signal's reason when aborted
   */
  get(path: string, query: Readonly<Record<string, string>>, call: ImdsCall): Promise<ControlResponse> {
    return this.#send({ method: "GET", url: this.urlOf(path, query), headers: {} }, call);
  }

  /** As {@link ImdsClient.get}, with a body in JSON. */
  post(path: string, query: Readonly<Record<string, string>>, body: object, call: ImdsCall): Promise<ControlResponse> {
    const headers = { "content-type": "application/json; charset=utf-8" };
    return this.#send({ method: "POST", url: this.urlOf(path, query), headers, body: JSON.stringify(body) }, call);
  }

  /** Where a call goes; the environment is read each time. */
  urlOf(path: string, query: Readonly<Record<string, string>> = {}): URL {
    const given = this.#env[IMDS_URL_VARIABLE]?.trim() || IMDS.url;
    const base = endpointOfVariable(IMDS_URL_VARIABLE, given, `Set it to a URL such as ${IMDS.url}, or remove it.`);
    const url = new URL(`${base.href.replace(/\/+$/, "")}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }

  async #send(request: Pick<ControlRequest, "method" | "url" | "headers" | "body">, call: ImdsCall): Promise<ControlResponse> {
    const { correlationId, signal, probe = false } = call;
    const headers = { Metadata: "true", "x-ms-client-request-id": correlationId, accept: "application/json", ...request.headers };
    const connectTimeoutMs = Math.min(this.#transport.connectTimeoutMs, IMDS.connectTimeoutMs);
    const send = () => sendControlRequest(this.#transport, { ...request, headers, connectTimeoutMs, signal, correlationId });
    try {
      return await sendWithRetries(send, probe ? PROBE_SCHEDULE : SCHEDULE, { clock: this.#clock, signal });
    } catch (error) {
      throw this.#unreachable(error, request.url);
    }
  }

  /** Says what it is that did not answer: most hosts have none. */
  #unreachable(error: unknown, { host }: URL): unknown {
    if (!(error instanceof MtlsPopError) || (error.code !== "timeout" && error.code !== "network_error")) return error;
    return new MtlsPopError(error.code, `The instance metadata service at ${host}, where a managed identity comes from, did not answer.`, {
      cause: error,
      correlationId: error.correlationId,
      help: "Only virtual machines and scale sets of Azure have one, and a container may be kept from it. Elsewhere use a ConfidentialClientApplication with a certificate.",
    });
  }
}
