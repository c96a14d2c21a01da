import type { HttpRequest, HttpResponse, HttpResponseInit, InvocationContext } from "@azure/functions";
import { isMtlsPopError, MtlsPopError } from "@mtls-pop/core";
import { type PopRequestOptions, popChallenge, type VerifiedPopToken, verifyPopRequest } from "@mtls-pop/core/guard";
import { errorResponse, logError } from "../error-report.js";
import { type RequireMtlsPopOptions, readGuardOptions } from "./guard-options.js";

/** What a guarded handler answers. */
export type GuardedResult = HttpResponseInit | HttpResponse;

/**
 * Lets only callers with a bound token reach the handler of an HTTP function: a token of this issuer for this audience, in force, and
 * bound to the certificate that the caller has proved to have. The handler gets its claims and its certificate as the third argument;
 * who is let in is known then, what the caller may do is the handler's to decide.
 *
 * Anybody else gets a 401 whose `WWW-Authenticate` says what is wrong, and the function's log says it in full. When the issuer's keys
 * cannot be had it is a 503, when the app's settings are wrong a 500. What the handler throws passes through unchanged.
 *
 * Inside `withMtlsPop` the handler's further arguments are its clients.
 *
 * @param options whose tokens, for whom, and where the certificate comes from; checked when the function is registered
 * @param handler gets request, invocation context, the caller and whatever else the guarded function was called with
 * @throws {MtlsPopError} `invalid_options`, also for a `certificateFrom` of `"connection"`, which no handler sees
 * @example
 * ```ts
 * import { requireMtlsPop } from "@mtls-pop/functions-adapter/guard";
 *
 * app.http("listOrders", {
 *   route: "orders",
 *   authLevel: "anonymous", // the token is the key
 *   handler: requireMtlsPop(
 *     { issuer: "%API_ISSUER%", audience: "%API_AUDIENCE%", jwks: "%API_JWKS%", certificateFrom: "app-service-required" },
 *     async (request, context, { claims, clientId }) => {
 *       const roles = claims["roles"];
 *       if (!Array.isArray(roles) || !roles.includes("Orders.Read")) return { status: 403 };
 *       return { jsonBody: { orders: [], for: clientId } };
 *     },
 *   ),
 * });
 * ```
 */
export function requireMtlsPop<Rest extends unknown[] = []>(
  options: RequireMtlsPopOptions,
  handler: (
    request: HttpRequest,
    context: InvocationContext,
    caller: VerifiedPopToken,
    ...rest: Rest
  ) => GuardedResult | Promise<GuardedResult>,
): (request: HttpRequest, context: InvocationContext, ...rest: Rest) => Promise<GuardedResult> {
  const { realm, resolve } = readGuardOptions(options);
  if (typeof handler !== "function") {
    throw new MtlsPopError("invalid_options", "requireMtlsPop takes its options and then the handler as a function.");
  }
  let resolved: PopRequestOptions | undefined;

  return async (request, context, ...rest) => {
    let caller: VerifiedPopToken;
    try {
      // by the first request: an app whose settings are wrong still answers with its other functions
      resolved ??= resolve(process.env);
      caller = await verifyPopRequest(request, resolved);
    } catch (error) {
      if (!isMtlsPopError(error)) throw error;
      return refusal(context, error, popChallenge(error, realm));
    }
    return handler(request, context, caller, ...rest);
  };
}

function refusal(context: InvocationContext, error: MtlsPopError, challenge: string | undefined): HttpResponseInit {
  if (challenge === undefined) {
    logError(context, error);
    return errorResponse(context, error);
  }
  // no error of the app's
  context.warn(`[mtls-pop] ${error.code}: ${error.message}`.replaceAll(/[\r\n]+/g, " "));
  return {
    status: 401,
    headers: { "www-authenticate": challenge, "cache-control": "no-store" },
    jsonBody: { error: { code: error.code, correlationId: context.invocationId } },
  };
}
