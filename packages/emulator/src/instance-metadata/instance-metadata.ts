import type { Recorder } from "../record/recorded-request.js";
import { type Answer, json } from "../server/answer.js";
import { type HttpExchange, type HttpServer, startHttpServer } from "../server/http-server.js";

/** What is answered in place of the usual: a status with or without a body, or nothing at all. */
export type ScriptedAnswer = Answer | "hang";

/** Stands for the instance metadata service of a virtual machine, as far as a region is looked up there. */
export interface InstanceMetadata {
  /** In the place of `http://169.254.169.254`. */
  readonly url: string;
  /** Where the machine stands; empty for a host without one. @default "westus3" */
  location: string;
  /** Newest first; another `api-version`, or none, gets 400 with these. @default 2021-12-13 and 2021-02-01 */
  apiVersions: readonly string[];
  /** Answers the next requests, in order, whatever they ask. */
  answerNext(...answers: readonly ScriptedAnswer[]): void;
}

const SERVER = { server: "IMDS/150.870.65.1854" };

/**
 * Starts it on a free port of loopback.
 *
 * @see PROTOCOL.md section 1, "Region"
 */
export async function startInstanceMetadata(record: Recorder): Promise<{ metadata: InstanceMetadata; server: HttpServer }> {
  const script: ScriptedAnswer[] = [];
  const server = await startHttpServer((exchange) => {
    const scripted = script.shift();
    const answer = scripted === undefined ? answerCompute(exchange, metadata) : scripted === "hang" ? undefined : scripted;
    recordRequest(record, exchange, answer);
    return answer && { ...answer, headers: { ...answer.headers, ...SERVER } };
  });
  const metadata: InstanceMetadata = {
    url: server.url,
    location: "westus3",
    apiVersions: ["2021-12-13", "2021-02-01"],
    answerNext: (...answers) => void script.push(...answers),
  };
  return { metadata, server };
}

function answerCompute({ incoming, url }: HttpExchange, { location, apiVersions }: InstanceMetadata): Answer {
  if (incoming.headers["metadata"] !== "true") {
    return json(400, { error: "Bad request. Required metadata header not specified" });
  }
  if (url.pathname !== "/metadata/instance/compute" || incoming.method !== "GET") return json(404, { error: "Not found" });
  const version = url.searchParams.get("api-version");
  if (version === null || !apiVersions.includes(version)) {
    return json(400, {
      error: "Bad request. api-version is invalid or was not specified in the request.",
      "newest-versions": apiVersions,
    });
  }
  return json(200, { azEnvironment: "AzurePublicCloud", location, osType: "Linux", provider: "Microsoft.Compute" });
}

let connections = 0;
const connectionIds = new WeakMap<object, number>();

function recordRequest(record: Recorder, { incoming, url, body }: HttpExchange, answer: Answer | undefined): void {
  const { socket } = incoming;
  const connectionId = connectionIds.get(socket) ?? ++connections;
  connectionIds.set(socket, connectionId);
  record({
    server: "instance-metadata",
    at: new Date(),
    method: incoming.method ?? "GET",
    host: (incoming.headers.host ?? "").replace(/:\d+$/, ""),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
    ...(body.length > 0 && { body }),
    tlsProtocol: "none",
    sessionReused: false,
    connectionId,
    ...(answer && { status: answer.status }),
  });
}
