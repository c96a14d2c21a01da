import type { Logger } from "../internal/logger.js";
import { type RegionSetting, regionSetting } from "./region.js";
import { processRegionDetector, type RegionDetector } from "./region-detector.js";

/** How an application chooses its region. */
export interface RegionRouteOptions {
  /** A name such as `westus3`, or `auto`. @default the global endpoint */
  readonly azureRegion?: string | undefined;
  /** Whether a region that was named may be left when it cannot be reached. @default false */
  readonly fallbackToGlobal?: boolean | undefined;
  readonly logger?: Logger | undefined;
  /** @default the process's own */
  readonly detector?: Pick<RegionDetector, "detect"> | undefined;
  /** @default `process.env` */
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
}

/** Which endpoint a token request goes to first. */
export interface RegionChoice {
  /** `undefined` is the global endpoint. */
  readonly region: string | undefined;
  /** Whether the global endpoint may be tried when this region cannot be reached. */
  readonly mayLeave: boolean;
}

/**
 * An application's way to its region. One that was detected may be left for the global endpoint; one that somebody named is an
 * instruction, perhaps about where data may go, and is kept unless `fallbackToGlobal` is set.
 *
 * @see PROTOCOL.md section 1
 */
export class RegionRoute {
  readonly #setting: RegionSetting;
  readonly #fallbackToGlobal: boolean;
  readonly #detector: Pick<RegionDetector, "detect">;
  readonly #logger: Logger | undefined;

  constructor({
    azureRegion,
    fallbackToGlobal = false,
    logger,
    detector = processRegionDetector,
    env = process.env,
  }: RegionRouteOptions = {}) {
    this.#setting = regionSetting(azureRegion, { env, logger });
    this.#fallbackToGlobal = fallbackToGlobal;
    this.#detector = detector;
    this.#logger = logger;
  }

  /** @throws the signal's reason when aborted */
  async choose(signal?: AbortSignal): Promise<RegionChoice> {
    const setting = this.#setting;
    if (setting.kind === "global") return { region: undefined, mayLeave: false };
    if (setting.kind === "configured") return { region: setting.region, mayLeave: this.#fallbackToGlobal };
    const region = await this.#detector.detect({ signal, logger: this.#logger });
    return { region, mayLeave: region !== undefined };
  }
}
