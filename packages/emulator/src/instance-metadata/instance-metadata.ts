import { randomUUID } from "node:crypto";
import { answerIdentity, type ImdsIdentityOptions } from "../managed-identity/imds-identity.js";
import { type Answer, json } from "../server/answer.js";
import type { HttpServer } from "../server/http-server.js";
import { type RecordedExchange, type RecordedHttpServerOptions, startRecordedHttpServer } from "../server/recorded-http-server.js";
import { answerCompute, type ComputeFacts } from "./compute-document.js";

/** What is answered in place of the usual: a status with or without a body, or nothing at all. */
export type ScriptedAnswer = Answer | "hang";

/** Stands for the instance metadata service of a virtual machine: its region, what it is, its managed identities. */
export interface InstanceMetadata extends ComputeFacts {
  /** In the place of `http://169.254.169.254`; what `AZURE_POD_IDENTITY_AUTHORITY_HOST` is set to. */
  readonly url: string;
  /** The id of its scale set; empty for none. @default "" */
  vmssId: string;
  /** The `Server` header; empty for none. @default "IMDS/150.870.65.1854" */
  serverHeader: string;
  /** Answers the next requests, in order, whatever they ask. */
  answerNext(...answers: readonly ScriptedAnswer[]): void;
}

/** What the service is given. */
export type InstanceMetadataOptions = Pick<RecordedHttpServerOptions, "record" | "faultFor"> & Omit<ImdsIdentityOptions, "cuId">;

/**
 * Starts it on a free port of loopback.
 *
 * @see PROTOCOL.md section 1, "Region", and section 5
 */
export async function startInstanceMetadata(options: InstanceMetadataOptions): Promise<{ metadata: InstanceMetadata; server: HttpServer }> {
  const script: ScriptedAnswer[] = [];
  const cuId = (): { vmId?: string; vmssId?: string } => ({
    ...(metadata.vmId !== "" && { vmId: metadata.vmId }),
    ...(metadata.vmssId !== "" && { vmssId: metadata.vmssId }),
  });
  const server = await startRecordedHttpServer({
    name: "instance-metadata",
    record: options.record,
    faultFor: options.faultFor,
    scripted: () => script.shift(),
    headers: () => (metadata.serverHeader === "" ? {} : { server: metadata.serverHeader }),
    handle: (exchange) => answer(exchange, metadata, { ...options, cuId }),
  });
  const metadata: InstanceMetadata = {
    url: server.url,
    location: "westus3",
    apiVersions: ["2021-12-13", "2021-02-01"],
    azEnvironment: "AzurePublicCloud",
    osType: "Linux",
    securityType: "TrustedLaunch",
    vmId: randomUUID(),
    vmssId: "",
    serverHeader: "IMDS/150.870.65.1854",
    answerNext: (...answers) => void script.push(...answers),
  };
  return { metadata, server };
}

function answer(exchange: RecordedExchange, metadata: InstanceMetadata, identity: ImdsIdentityOptions): Answer | Promise<Answer> {
  const { path, headers } = exchange.request;
  const isIdentity = path.startsWith("/metadata/identity/");
  if (headers["metadata"] !== "true") {
    const error_description = "Required metadata header not specified";
    return json(400, isIdentity ? { error: "bad_request_102", error_description } : { error: `Bad request. ${error_description}` });
  }
  // a sign of a proxy, behind which somebody else than the machine may ask
  if (headers["x-forwarded-for"] !== undefined) {
    const error_description = "Requests with an X-Forwarded-For header are not served";
    return json(400, isIdentity ? { error: "bad_request_102", error_description } : { error: `Bad request. ${error_description}` });
  }
  return isIdentity ? answerIdentity(exchange, identity) : answerCompute(exchange, metadata);
}
