import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import type { CoreInvocationContext, HookContext, InvocationRequest, InvocationResponse } from "./core-api.js";
import type { FunctionApp, RegisteredFunction } from "./function-app.js";

/** What a run of a function came to. */
export interface Invocation {
  /** What the handler returned, as the hooks after it left it. */
  readonly result: unknown;
  /** The same, and the output bindings, as the library hands them to the host. */
  readonly response: InvocationResponse;
}

/**
 * Runs a function once as the worker does: arguments, hooks before, handler, hooks after, response; each step is the library's own.
 *
 * @throws what the handler threw, unless a hook after it took the error away; `undefined` and `null` are no errors to the worker, and
 * count as done
 * @see https://github.com/Azure/azure-functions-nodejs-worker/blob/v4.x/src/eventHandlers/InvocationHandler.ts
 */
export async function invoke(
  app: FunctionApp,
  { model, metadata, callback }: RegisteredFunction,
  request: Omit<InvocationRequest, "invocationId">,
  invocationId: string = randomUUID(),
): Promise<Invocation> {
  const source = { functionName: metadata.name, invocationId };
  const hookData = {};
  let invocationContext: unknown;
  const core: CoreInvocationContext = {
    invocationId,
    request: { ...request, invocationId },
    metadata,
    state: undefined,
    log: (level, category, message) => app.log({ ...source, level, category, message }, { hookData, invocationContext }),
  };
  const hooks = async <C extends HookContext>(state: "preInvocationHooks" | "postInvocationHooks", context: C): Promise<C> => {
    core.state = state;
    await app.runHooks(state === "preInvocationHooks" ? "preInvocation" : "postInvocation", context);
    core.state = undefined;
    return context;
  };

  try {
    const invocation = await model.getInvocationModel(core);
    const { context, inputs } = await invocation.getArguments();
    invocationContext = context;
    const shared = { hookData, appHookData: app.appHookData, invocationContext };
    const before = await hooks("preInvocationHooks", { ...shared, inputs, functionCallback: callback });

    core.state = "invocation";
    const outcome = await settle(() => invocation.invokeFunction(context, before.inputs, before.functionCallback));
    core.state = undefined;

    const after = await hooks("postInvocationHooks", { ...shared, inputs: before.inputs, ...outcome });
    if (after.error !== null && after.error !== undefined) throw after.error;
    return { result: after.result, response: await invocation.getResponse(context, after.result) };
  } catch (error) {
    core.log("error", "system", `Executed 'Functions.${metadata.name}' (Failed, Id=${invocationId}): ${describe(error)}`);
    throw error;
  }
}

async function settle(run: () => Promise<unknown>): Promise<{ result: unknown; error: unknown }> {
  try {
    return { result: await run(), error: null };
  } catch (error) {
    return { result: null, error };
  }
}

function describe(error: unknown): string {
  // inspected, since what was thrown may be nothing that can be a string
  return typeof error === "string" ? error : error instanceof Error ? (error.stack ?? error.message) : inspect(error);
}
