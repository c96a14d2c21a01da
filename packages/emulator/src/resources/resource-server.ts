import type { FaultLookup } from "../faults/fault.js";
import type { Recorder } from "../record/recorded-request.js";
import type { TlsChoices } from "../server/tls-options.js";
import type { TokenTrust } from "./verify-token.js";

/** What every resource needs from the emulator around it. */
export interface ResourceServerOptions extends Pick<TlsChoices, "ca" | "answersTo"> {
  readonly trust: TokenTrust;
  /** `https://login…/{tenant}`, for challenges. */
  readonly authority: string;
  readonly record: Recorder;
  readonly faultFor: FaultLookup;
}
