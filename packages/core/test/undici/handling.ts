import { once } from "node:events";
import type { AnswerHeaders, PopDispatchController, PopDispatchHandler } from "../../src/undici/index.js";

/** What a handler was told, in order; `done` resolves with the end or the error. */
export interface Told {
  readonly events: string[];
  readonly chunks: Buffer[];
  status?: number;
  headers?: AnswerHeaders;
  trailers?: unknown;
  error?: Error;
  controller?: PopDispatchController;
}

/** What a test adds to a handler, for either kind. */
export interface Steps {
  start?(controller: Steering): void;
  head?(controller: Steering): void;
  data?(controller: Steering, told: Told): void;
  end?(): void;
}

/** What both kinds of handler can do. */
export interface Steering {
  abort(reason?: Error): void;
  pause(): void;
  resume(): void;
}

/** A handler of either kind that writes down what it is told. */
export function recorder(kind: "undici 6" | "undici 7", steps: Steps = {}) {
  const told: Told = { events: [], chunks: [] };
  const over = new EventTarget();
  const done = once(over, "over").then(() => told);
  const finish = (event: string) => {
    told.events.push(event);
    over.dispatchEvent(new Event("over"));
  };
  const handler = kind === "undici 7" ? newer(told, steps, finish) : older(told, steps, finish);
  return { handler, told, done };
}

function newer(told: Told, steps: Steps, finish: (event: string) => void): PopDispatchHandler {
  return {
    onRequestStart(controller) {
      told.events.push("start");
      told.controller = controller;
      steps.start?.(controller);
    },
    onResponseStart(controller, status, headers) {
      told.events.push("head");
      Object.assign(told, { status, headers });
      steps.head?.(controller);
    },
    onResponseData(controller, chunk) {
      told.chunks.push(chunk);
      steps.data?.(controller, told);
    },
    onResponseEnd(_controller, trailers) {
      told.trailers = trailers;
      finish("end");
      steps.end?.();
    },
    onResponseError(_controller, error) {
      told.error = error;
      finish("error");
    },
  };
}

/** Pauses by what it returns, as this kind does. */
function older(told: Told, steps: Steps, finish: (event: string) => void): PopDispatchHandler {
  let abort: Steering["abort"] = () => undefined;
  let go: Steering["resume"] = () => undefined;
  const step = (run: ((steering: Steering) => void) | undefined): boolean => {
    let flows = true;
    run?.({
      abort: (reason) => abort(reason),
      pause: () => {
        flows = false;
      },
      resume: () => go(),
    });
    return flows;
  };
  return {
    onConnect(abortCall) {
      told.events.push("start");
      abort = abortCall;
      step(steps.start);
    },
    onHeaders(status, raw, resume) {
      told.events.push("head");
      go = resume;
      const names = raw.map((part) => part.toString("latin1"));
      Object.assign(told, { status, headers: Object.fromEntries(names.flatMap((name, i) => (i % 2 ? [] : [[name, names[i + 1]]]))) });
      return step(steps.head);
    },
    onData(chunk) {
      told.chunks.push(chunk);
      return step(steps.data && ((steering) => steps.data?.(steering, told)));
    },
    onComplete(trailers) {
      told.trailers = trailers;
      finish("end");
      steps.end?.();
    },
    onError(error) {
      told.error = error;
      finish("error");
    },
  };
}
