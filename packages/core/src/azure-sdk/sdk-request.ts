import type { GetTokenOptions } from "@azure/core-auth";

/** How much of a body is on its way. */
export type OnProgress = (progress: { loadedBytes: number }) => void;

/** What this client reads of a request, which both of the SDK's kinds have: `PipelineRequest`, and `@azure/core-http`'s `WebResource`. */
export interface SdkRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: { toJSON(): Record<string, string> } | { toJson(): Record<string, string> };
  readonly body?: unknown;
  /** Milliseconds until the answer must begin; 0 for none. */
  readonly timeout: number;
  readonly abortSignal?: GetTokenOptions["abortSignal"] | undefined;
  /** Answers of these get a stream; infinity stands for all. */
  readonly streamResponseStatusCodes?: ReadonlySet<number> | undefined;
  readonly onUploadProgress?: OnProgress | undefined;
  readonly onDownloadProgress?: OnProgress | undefined;
  readonly tlsSettings?: unknown;
  readonly requestOverrides?: object | undefined;
}
