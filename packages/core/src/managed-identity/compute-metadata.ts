import { record } from "../internal/options.js";
import { parseObject } from "../token/entra-error.js";
import type { ImdsCall, ImdsClient } from "./imds-request.js";

/** The first version with a `securityType`, by the table of the service's documentation. */
const API_VERSION = "2021-12-13";

/** What the instance metadata service says of the machine; what it does not say is `undefined`. */
export interface ComputeMetadata {
  /** Its region, such as `westus3`. */
  readonly location?: string | undefined;
  /** Its cloud, such as `AzurePublicCloud`. */
  readonly azEnvironment?: string | undefined;
  /** `Windows` or `Linux`. */
  readonly osType?: string | undefined;
  /** `TrustedLaunch` or `ConfidentialVM`, or another word for neither. */
  readonly securityType?: string | undefined;
}

/** Longer than any of these words, in characters. */
const MAX_LENGTH = 64;

/**
 * Reads what the machine is. An answer that cannot be used says nothing, since nothing of it is needed.
 *
 * @throws {MtlsPopError} `timeout`, `network_error`, `settings_invalid`; the signal's reason when aborted
 * @see PROTOCOL.md section 5
 */
export async function readComputeMetadata(imds: ImdsClient, call: Omit<ImdsCall, "probe">): Promise<ComputeMetadata> {
  const { status, body } = await imds.get("/metadata/instance/compute", { "api-version": API_VERSION }, { ...call, probe: true });
  const answer = status === 200 ? parseObject(body) : undefined;
  const profile = answer?.["securityProfile"];
  return {
    location: word(answer?.["location"]),
    azEnvironment: word(answer?.["azEnvironment"]),
    osType: word(answer?.["osType"]),
    securityType: record.test(profile) ? word(Reflect.get(Object(profile), "securityType")) : undefined,
  };
}

function word(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= MAX_LENGTH && /^[\w.-]+$/.test(value) ? value : undefined;
}
