/** Headers or trailers of an answer by lower-case name; several lines of one name are an array. */
export type AnswerHeaders = Record<string, string | string[]>;

/** What a handler steers the answer with, from undici 7 on. */
export interface PopDispatchController {
  readonly aborted: boolean;
  readonly paused: boolean;
  readonly reason: Error | null;
  /** Names and values in turn, as they came; trailers when they are there. */
  readonly rawHeaders: Buffer[] | null;
  readonly rawTrailers: Buffer[] | null;
  abort(reason?: Error): void;
  pause(): void;
  resume(): void;
}

/** The handler of a dispatch as undici 7 has it. */
export interface AnswerHandler {
  onRequestStart(controller: PopDispatchController, context: object): void;
  onResponseStart?(controller: PopDispatchController, statusCode: number, headers: AnswerHeaders, statusText?: string): void;
  onResponseData?(controller: PopDispatchController, chunk: Buffer): void;
  onResponseEnd?(controller: PopDispatchController, trailers: AnswerHeaders): void;
  onResponseError?(controller: PopDispatchController, error: Error): void;
}

/** The handler of a dispatch as undici 6 has it, and the `fetch` of Node 20 and 22; 7 takes it as well. `false` pauses the answer. */
export interface OlderAnswerHandler {
  onConnect?(abort: (reason?: Error) => void, context?: object): void;
  onHeaders?(statusCode: number, headers: Buffer[], resume: () => void, statusText: string): unknown;
  onData?(chunk: Buffer): unknown;
  /** @param trailers names and values in turn */
  onComplete?(trailers: string[]): void;
  onError?(error: Error): void;
}

/** Either of undici's two kinds of handler: one with `onRequestStart` is of the newer kind. */
export type PopDispatchHandler = Partial<AnswerHandler> & OlderAnswerHandler;
