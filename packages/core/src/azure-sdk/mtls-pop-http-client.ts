import type { HttpClient, SendRequest } from "@azure/core-rest-pipeline";
import { MtlsPopError } from "../errors.js";
import { assertOptions, type OptionRule, record } from "../internal/options.js";
import { connectAhead } from "../resource/connect-ahead.js";
import { CONNECTION_RULES, type ConnectionOptions, popFetcher } from "../resource/pop-fetch.js";
import { absoluteUrl } from "../resource/request-input.js";
import type { Resource, ResourceOptions } from "../resource/resource.js";
import { CallSignal } from "./call-signal.js";
import { challengeAnswer } from "./challenge-answer.js";
import { credentialRule, type MtlsPopCredential, partsOf } from "./mtls-pop-credential.js";
import { pipelineError } from "./pipeline-error.js";
import { readRequest } from "./pipeline-request.js";
import { pipelineResponse, type SdkResponse } from "./pipeline-response.js";
import type { SdkRequest } from "./sdk-request.js";
import type { TokenHandles } from "./token-handle.js";

/** Options of {@link createMtlsPopHttpClient}. */
export interface MtlsPopHttpClientOptions extends Omit<ConnectionOptions, "retry"> {
  /** Whose handles are exchanged for tokens; the SDK clients are given the same one. */
  credential: MtlsPopCredential;
  /** What may be called beside the known hosts (Key Vault, Graph), with the scope that the SDK client asks for. @default none */
  resources?: Readonly<Record<string, Omit<ResourceOptions, "tokens">>>;
}

/** The HTTP client of the SDK's pipeline, and in the form of `@azure/core-http`, which `@azure/storage-blob` asks for. */
export interface MtlsPopHttpClient extends HttpClient {
  sendRequest: SendRequest & (<R extends SdkRequest>(request: R) => Promise<SdkResponse<R>>);
  /** Waits for the calls that are under way, then ends every connection. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const { retry: _theSdks, ...OWN_CONNECTION_RULES } = CONNECTION_RULES;

const RULES = {
  credential: { ...credentialRule, required: true },
  resources: record,
  ...OWN_CONNECTION_RULES,
} satisfies Record<keyof MtlsPopHttpClientOptions, OptionRule>;

/**
 * Makes the HTTP client that the clients of the Azure SDK make bound calls with: it exchanges the handle of {@link MtlsPopCredential} for the
 * token, over connections with the certificate that the token is bound to. Whoever made it closes it; one does for many SDK clients.
 *
 * It refuses `http`, hosts that are neither configured nor known, a handle for another scope than the resource's, and every other
 * `Authorization`, such as a shared key's. Retries, redirects and paging stay with the SDK: `retry` is off here, and a lost connection is a
 * `RestError` to the SDK's own policy.
 *
 * @throws {MtlsPopError} `invalid_options`, `insecure_url`, `authorization_header_refused`
 * @example
 * ```ts
 * import { createMtlsPopHttpClient, MtlsPopCredential } from "@mtls-pop/core/azure-sdk";
 * import { BlobServiceClient } from "@azure/storage-blob";
 *
 * const url = "https://contoso.blob.core.windows.net";
 * const credential = new MtlsPopCredential({ tokens: application });
 * const resources = { blobs: { baseUrl: url, scope: "https://storage.azure.com/.default" } };
 * const httpClient = createMtlsPopHttpClient({ credential, resources });
 * const blobs = new BlobServiceClient(url, credential, { httpClient });
 * ```
 */
export function createMtlsPopHttpClient(options: MtlsPopHttpClientOptions): MtlsPopHttpClient {
  assertOptions("createMtlsPopHttpClient", options, RULES);
  const { credential, ...rest } = options;
  const { tokens, handles } = partsOf(credential);
  for (const [name, resource] of Object.entries(rest.resources ?? {})) assertNoTokens(name, resource);
  const { registry, fetcher } = popFetcher("createMtlsPopHttpClient", { ...rest, tokens, retry: false });

  async function sendRequest<R extends SdkRequest>(request: R): Promise<SdkResponse<R>> {
    const url = absoluteUrl(request.url);
    const resource = registry.find(url);
    fetcher.assertOpen();
    const signal = new CallSignal(request.abortSignal, request.timeout);
    try {
      signal.native.throwIfAborted();
      const { call, authorization } = readRequest(request, url, signal.native);
      if (authorization === undefined) {
        // the SDK asks for the token next
        connectAhead(fetcher.agents, resource);
        return challengeAnswer(request, resource);
      }
      assertHandle(authorization, resource, handles);
      const response = await fetcher.fetch(resource, call);
      signal.endTimeout();
      return await pipelineResponse(request, response, signal);
    } catch (error) {
      throw pipelineError(error, request);
    } finally {
      signal.release();
    }
  }

  const close = () => fetcher.close();
  return { sendRequest, close, [Symbol.asyncDispose]: close };
}

/** For callers without types: a handle stands for the credential's tokens and no others. */
function assertNoTokens(name: string, resource: object): void {
  if (!record.test(resource) || !("tokens" in resource)) return;
  throw new MtlsPopError("invalid_options", `resource "${name}" has \`tokens\`, but the tokens are those of the credential.`, {
    help: "Make a credential and an HTTP client for each source of tokens.",
  });
}

/** @throws {MtlsPopError} `authorization_header_refused`, `resource_not_configured` */
function assertHandle(authorization: string, { scope, origin }: Resource, handles: TokenHandles): void {
  const [, handle = ""] = /^(?:Bearer|pop) (\S+)$/i.exec(authorization) ?? [];
  const asked = handles.scopeOf(handle);
  if (asked === undefined) {
    throw new MtlsPopError(
      "authorization_header_refused",
      `The request to ${origin} is authorized by another credential than this client's.`,
      {
        help: "Give the SDK client the MtlsPopCredential that this HTTP client was made with, or the SDK's own HTTP client.",
      },
    );
  }
  if (asked === scope) return;
  throw new MtlsPopError(
    "resource_not_configured",
    `The SDK client asked for a token for "${asked}", but ${origin} is called with one for "${scope}".`,
    {
      help: `If that is right, configure it: resources: { name: { baseUrl: "${origin}", scope: "${asked}" } }.`,
    },
  );
}
