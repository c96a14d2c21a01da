import { app, type HttpResponseInit, type InvocationContext } from "@azure/functions";
import { isMtlsPopError, tokensFromSettings, withMtlsPop } from "@mtls-pop/functions-adapter";
import { failureState } from "../failure-state.js";
import { tokenState } from "../token-state.js";
import { VAULT_SCOPE } from "../vault.js";

const tokens = tokensFromSettings();

const HEADERS = { "cache-control": "no-store" };

/**
 * `GET /api/health`: whether this app can get a bound token, and how long its certificate lasts; the same for leg 1 where the settings say
 * `federated`. Where it cannot, what is missing and what to do about it, such as Entra's refusal of an application that it does not serve
 * over mutual TLS. Nothing secret is in it, but who the app is in the directory is no stranger's business, and a stranger shall not make
 * it ask for tokens: a key is needed here too.
 */
app.http("health", {
  methods: ["GET"],
  authLevel: "function",
  handler: withMtlsPop(async (_request, context, { acquireToken }) => {
    try {
      const token = await acquireToken({ scopes: [VAULT_SCOPE] });
      const leg1 = await tokens.acquireLeg1Token();
      return { headers: HEADERS, jsonBody: { status: "ok", ...tokenState(token), ...(leg1 && { leg1: tokenState(leg1) }) } };
    } catch (error) {
      return failing(error, context);
    }
  }),
});

/** 503 where trying again can help, else 500. @throws what is no error of the toolkit */
function failing(error: unknown, context: InvocationContext): HttpResponseInit {
  if (!isMtlsPopError(error)) throw error;
  const { code, message, retryable, retryAfterSeconds } = error;
  context.error(`${code}: ${message}`.replaceAll(/[\r\n]+/g, " "));
  const wait = retryAfterSeconds === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterSeconds)) };
  return {
    status: retryable ? 503 : 500,
    headers: { ...HEADERS, ...wait },
    jsonBody: { status: "failing", error: failureState(error) },
  };
}
