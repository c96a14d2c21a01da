import { MtlsPopError } from "../errors.js";
import type { PopDispatch } from "./dispatcher-types.js";
import { eitherHandler } from "./older-handler.js";

/**
 * A dispatcher like this one whose `dispatch` goes through the interceptors, as undici composes them.
 *
 * @throws {MtlsPopError} `invalid_options`
 */
export function composed<D extends { dispatch: PopDispatch }>(dispatcher: D, interceptors: readonly unknown[]): D {
  let dispatch: PopDispatch = (options, handler) => dispatcher.dispatch(options, handler);
  for (const interceptor of interceptors) {
    if (interceptor === undefined || interceptor === null) continue;
    if (!isInterceptor(interceptor))
      throw new MtlsPopError("invalid_options", "compose() takes functions that make a dispatch of a dispatch.");
    const outer = interceptor(dispatch);
    dispatch = (options, handler) => outer(options, eitherHandler(handler));
  }
  const composition: D = new Proxy(dispatcher, {
    get(target, name) {
      if (name === "dispatch") return dispatch;
      // its calls go through these interceptors too
      if (name === "compose") return (...further: readonly unknown[]) => composed(composition, further.flat());
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return composition;
}

function isInterceptor(interceptor: unknown): interceptor is (dispatch: PopDispatch) => PopDispatch {
  return typeof interceptor === "function";
}
