import {
  bearerTokenAuthenticationPolicy,
  createPipelineFromOptions,
  createPipelineRequest,
  type HttpClient,
  type PipelineOptions,
  type PipelineRequestOptions,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import type { MtlsPopCredential } from "../../src/azure-sdk/index.js";
import type { Sdk } from "./sdk.js";

/** Sends a request as a client of the Azure SDK that is no vault's does: through its pipeline, authorized by the SDK's own policy. */
function sender(httpClient: HttpClient, credential: MtlsPopCredential, scope: string, options: PipelineOptions = {}) {
  const pipeline = createPipelineFromOptions({ retryOptions: { retryDelayInMs: 1, maxRetries: 2 }, ...options });
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: scope }), { phase: "Sign" });
  return (request: PipelineRequestOptions): Promise<PipelineResponse> => pipeline.sendRequest(httpClient, createPipelineRequest(request));
}

/** The emulated API of one's own, called through the pipeline. */
export function orders(world: Sdk, over: Parameters<Sdk["clients"]>[0] = {}, options: PipelineOptions = {}) {
  const { credential, httpClient } = world.clients({ resources: { orders: world.resources.orders }, ...over });
  const send = sender(httpClient, credential, world.customApi.scope, options);
  return {
    credential,
    httpClient,
    send: (path: string, request: Partial<PipelineRequestOptions> = {}) => send({ url: `${world.customApi.url}${path}`, ...request }),
    /** What reached the API. */
    arrived: () => world.emulator.requests.filter(({ server }) => server === "custom-api"),
  };
}
