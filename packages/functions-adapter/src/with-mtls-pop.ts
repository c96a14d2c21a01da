import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import { type BoundTokenSource, isMtlsPopError, MtlsPopError } from "@mtls-pop/core";
import { appClients } from "./app-clients.js";
import type { BoundClients } from "./bound-clients.js";
import { clientSettings } from "./client-settings.js";
import type { SettingsTokens } from "./credentials/credential.js";
import { errorResponse, logError } from "./error-report.js";
import { type MtlsPopOptions, readOptions } from "./mtls-pop-options.js";
import { warmUpAtStart } from "./warm-up.js";

/** What a wrapped handler returns: over HTTP, an error of the toolkit becomes a response. */
export type WrappedResult<Input, Output> = Input extends HttpRequest ? Output | HttpResponseInit : Output;

/** A handler as `app.http`, `app.timer` and the other registrations of `@azure/functions` take it. */
export type WrappedHandler<Input, Output> = (input: Input, context: InvocationContext) => Promise<WrappedResult<Input, Output>>;

/** Set on every wrapped handler, by every copy of this package. */
const WRAPPED = Symbol.for("@mtls-pop/functions-adapter.wrapped");

/**
 * Gives the handler of an Azure Function ready bound-token clients as its third argument: `fetch`, `acquireToken` and a client for each
 * name in `resources`. Who the app is and where it goes stands in app settings. The clients are made on first use, shared by all
 * functions that ask for the same ones, and closed when the app ends.
 *
 * What the handler throws passes through unchanged. An error of this toolkit that leaves the handler or the set-up is logged with its
 * code and help. Over HTTP the caller then gets a 500, or a 503 when trying again can help, with the code and nothing secret; for every
 * other trigger the error is thrown on, so that a message is delivered again and not lost.
 *
 * @typeParam Input the trigger's input, known from `app.http`, `app.timer` and so on. `app.get` and its like take a handler or options,
 * and the compiler cannot tell it inside options: hand over the handler alone, use `app.http`, or write `request: HttpRequest`
 * @param handler gets the trigger's input, the invocation context and the clients
 * @throws {MtlsPopError} `invalid_options`, also for a handler that is wrapped already; `reserved_client_name`
 * @example
 * ```ts
 * app.http("readSecret", {
 *   route: "secrets/{name}",
 *   authLevel: "function",
 *   handler: withMtlsPop({ resources: { vault: { baseUrl: "%VAULT_URL%" } } }, async (request, context, { vault }) => {
 *     const response = await vault(`/secrets/${encodeURIComponent(request.params["name"] ?? "")}?api-version=7.4`);
 *     return { status: response.status, jsonBody: await response.json() };
 *   }),
 * });
 * ```
 */
export function withMtlsPop<Input, Output = unknown>(
  handler: (input: Input, context: InvocationContext, clients: BoundClients) => Output | Promise<Output>,
): WrappedHandler<Input, Output>;
export function withMtlsPop<Input, Output, Name extends string = never, Source extends BoundTokenSource = SettingsTokens>(
  options: MtlsPopOptions<Name, Source>,
  handler: (input: Input, context: InvocationContext, clients: BoundClients<Name, Source>) => Output | Promise<Output>,
): WrappedHandler<Input, Output>;
export function withMtlsPop(...given: readonly unknown[]): (input: unknown, context: InvocationContext) => Promise<unknown> {
  const [options, handler] = given.length === 1 ? [{}, given[0]] : given;
  const { warmup, ...wanted } = readOptions(options);
  assertHandler(handler);
  const app = appClients();
  const settings = clientSettings(wanted);
  if (warmup) warmUpAtStart(app, settings);

  const wrapped = async (input: unknown, context: InvocationContext): Promise<unknown> => {
    try {
      return await handler(input, context, app.get(settings).clients);
    } catch (error) {
      if (!isMtlsPopError(error)) throw error;
      logError(context, error);
      if (context.options.trigger.type.toLowerCase() === "httptrigger") return errorResponse(context, error);
      throw error;
    }
  };
  return Object.defineProperty(wrapped, WRAPPED, { value: true });
}

function assertHandler(handler: unknown): asserts handler is (...input: unknown[]) => unknown {
  if (typeof handler !== "function") {
    const found = handler === null ? "null" : typeof handler;
    throw new MtlsPopError("invalid_options", `withMtlsPop takes the handler as a function, but got ${found}.`);
  }
  if (Reflect.get(handler, WRAPPED)) {
    throw new MtlsPopError("invalid_options", "withMtlsPop got a handler that is wrapped already.", { help: "Wrap it once." });
  }
}
