import { type Clock, clockRule, systemClock } from "../internal/clock.js";
import { type Logger, tell } from "../internal/logger.js";
import { abortSignal, assertOptions, environment, milliseconds, type OptionRule, record } from "../internal/options.js";
import { SingleFlight } from "../internal/single-flight.js";
import { type ControlResponse, sendControlRequest } from "../transport/control-request.js";
import { Transport } from "../transport/transport-options.js";
import { normalizeRegion } from "./region.js";

/** Azure's instance metadata service, as far as the region goes. */
const METADATA = {
  url: "http://169.254.169.254",
  path: "/metadata/instance/compute",
  apiVersion: "2021-02-01",
  timeoutMs: 2000,
  /** Milliseconds before each further try. */
  retryDelaysMs: [1000, 2000, 4000],
  isTransient: (status: number): boolean => status === 410 || status === 429 || status >= 500,
} as const;

/** For tests and stand-ins. */
export interface RegionDetectorOptions {
  /** @default `process.env` */
  readonly env?: Readonly<NodeJS.ProcessEnv>;
  /** Stands in for `http://169.254.169.254`. @default that address */
  readonly metadataUrl?: string;
  /** Milliseconds that one call may take. @default 2000 */
  readonly timeoutMs?: number;
  /** @default the system's */
  readonly clock?: Clock;
}

/** One caller's part in a detection. */
export interface DetectRegionOptions {
  readonly signal?: AbortSignal | undefined;
  readonly logger?: Logger | undefined;
}

const RULES = {
  env: environment("REGION_NAME"),
  metadataUrl: { expected: "an http URL", test: (value) => typeof value === "string" && /^https?:/.test(value) && URL.canParse(value) },
  timeoutMs: milliseconds,
  clock: clockRule,
} satisfies Record<keyof RegionDetectorOptions, OptionRule>;

const DETECT_RULES = { signal: abortSignal, logger: record } satisfies Record<keyof DetectRegionOptions, OptionRule>;

/**
 * Finds out which Azure region this process runs in: from `REGION_NAME`, which App Service and Functions set, then from the metadata
 * service, which is asked once and never through a proxy; what it said, or that it said nothing, is remembered.
 *
 * @see PROTOCOL.md section 1
 */
export class RegionDetector {
  readonly #env: Readonly<NodeJS.ProcessEnv>;
  readonly #url: string;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #flights = new SingleFlight<string | undefined>();
  #answer: { readonly region: string | undefined } | undefined;

  /** @throws {MtlsPopError} `invalid_options` */
  constructor(options: RegionDetectorOptions = {}) {
    assertOptions("RegionDetector", options, RULES);
    const { env = process.env, metadataUrl, timeoutMs, clock = systemClock } = options;
    this.#env = env;
    this.#url = metadataUrl ?? METADATA.url;
    this.#timeoutMs = timeoutMs ?? METADATA.timeoutMs;
    this.#clock = clock;
  }

  /**
   * @returns e.g. `westus3`; `undefined` when nothing was found out, and then the global endpoint is the one to use
   * @throws {MtlsPopError} `invalid_options`; the signal's reason when aborted
   */
  async detect(options: DetectRegionOptions = {}): Promise<string | undefined> {
    assertOptions("RegionDetector.detect", options, DETECT_RULES);
    const { signal, logger } = options;
    const named = normalizeRegion(this.#env["REGION_NAME"] ?? "");
    if (named !== undefined) return named;
    if (this.#answer) return this.#answer.region;
    return this.#flights.join("region", (ended) => this.#askOnce(ended, logger), signal);
  }

  async #askOnce(signal: AbortSignal, logger: Logger | undefined): Promise<string | undefined> {
    let region: string | undefined;
    try {
      region = await this.#ask(signal);
    } catch (error) {
      // everybody left: that says nothing of the region
      if (signal.aborted) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      tell(logger, "debug", `The instance metadata service did not answer: ${reason}`);
    }
    if (region === undefined) {
      tell(logger, "warn", "No Azure region was detected, so the global endpoint is used. Set `azureRegion` to name one.");
    }
    this.#answer = { region };
    return region;
  }

  async #ask(signal: AbortSignal): Promise<string | undefined> {
    let answer = await this.#get(METADATA.apiVersion, signal);
    if (answer.status === 400) {
      // a 400 without a version lists those that this host knows
      const version = newestVersion(await this.#get(undefined, signal));
      if (version === undefined) return undefined;
      answer = await this.#get(version, signal);
    }
    const location = answer.status === 200 ? field(answer.body, "location") : undefined;
    return typeof location === "string" ? normalizeRegion(location) : undefined;
  }

  async #get(apiVersion: string | undefined, signal: AbortSignal): Promise<ControlResponse> {
    const url = new URL(METADATA.path, this.#url);
    if (apiVersion !== undefined) url.searchParams.set("api-version", apiVersion);
    const call = () =>
      sendControlRequest(new Transport({ proxy: false }), {
        method: "GET",
        url,
        headers: { Metadata: "true" },
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
      });
    let answer = await call();
    for (const delayMs of METADATA.retryDelaysMs) {
      if (!METADATA.isTransient(answer.status)) break;
      await this.#clock.sleep(delayMs, signal);
      answer = await call();
    }
    return answer;
  }
}

/** The process's own: there is one machine, so one answer serves every application. */
export const processRegionDetector: RegionDetector = new RegionDetector();

function newestVersion({ body }: ControlResponse): string | undefined {
  const versions = field(body, "newest-versions");
  const newest: unknown = Array.isArray(versions) ? versions[0] : undefined;
  return typeof newest === "string" && /^\d{4}-\d{2}-\d{2}$/.test(newest) ? newest : undefined;
}

/** A member of a JSON object; `undefined` for anything else, so that a parser's error never quotes the machine's metadata. */
function field(body: string, name: string): unknown {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === "object" && answer !== null ? Reflect.get(answer, name) : undefined;
  } catch {
    return undefined;
  }
}
