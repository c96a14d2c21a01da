export type { AnswerHandler, AnswerHeaders, OlderAnswerHandler, PopDispatchController, PopDispatchHandler } from "./dispatch-handler.js";
export type { PopDispatchOptions } from "./dispatch-options.js";
export type { PopDispatch, PopDispatcher, PopDispatcherEvents, PopInterceptor } from "./dispatcher-types.js";
export type { PopDispatcherOptions } from "./pop-dispatcher.js";
export { createPopDispatcher } from "./pop-dispatcher.js";
