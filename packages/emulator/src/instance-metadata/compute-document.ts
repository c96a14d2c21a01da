import { type Answer, json } from "../server/answer.js";
import type { RecordedExchange } from "../server/recorded-http-server.js";

const FIRST_WITH_SECURITY_TYPE = "2021-12-13";

/** What the metadata service says of the machine. */
export interface ComputeFacts {
  /** Where the machine stands; empty for a host without one. @default "westus3" */
  location: string;
  /** Newest first; another `api-version`, or none, gets 400 with these. @default 2021-12-13 and 2021-02-01 */
  apiVersions: readonly string[];
  /** The cloud. @default "AzurePublicCloud" */
  azEnvironment: string;
  /** @default "Linux" */
  osType: string;
  /** `TrustedLaunch` or `ConfidentialVM`, told from version 2021-12-13 on; empty for a machine that is neither. @default "TrustedLaunch" */
  securityType: string;
  /** The machine's id; empty for none. @default a new GUID */
  vmId: string;
}

/** Answers `/metadata/instance/compute`, which the region and what the machine can do are read from. */
export function answerCompute({ request }: RecordedExchange, facts: ComputeFacts): Answer {
  if (request.path !== "/metadata/instance/compute" || request.method !== "GET") return json(404, { error: "Not found" });
  const { apiVersions, azEnvironment, location, osType, securityType, vmId } = facts;
  const version = request.query["api-version"];
  if (version === undefined || !apiVersions.includes(version)) {
    return json(400, {
      error: "Bad request. api-version is invalid or was not specified in the request.",
      "newest-versions": apiVersions,
    });
  }
  const guarded = String(securityType !== "");
  const tellsType = securityType !== "" && version >= FIRST_WITH_SECURITY_TYPE;
  return json(200, {
    azEnvironment,
    location,
    osType,
    provider: "Microsoft.Compute",
    securityProfile: { secureBootEnabled: guarded, virtualTpmEnabled: guarded, ...(tellsType && { securityType }) },
    vmId,
  });
}
