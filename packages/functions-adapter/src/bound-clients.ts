import { assertBound, type BoundTokenRequest, type BoundTokenSource, type FetchFunction, type PopClients } from "@mtls-pop/core";
import type { SettingsTokens } from "./credentials/credential.js";

/** What a wrapped handler gets as its third argument. It belongs to all invocations, and is closed when the app ends. */
export type BoundClients<Name extends string = never, Source extends BoundTokenSource = SettingsTokens> = {
  /** Takes paths, which are appended to the resource's base URL. */
  readonly [N in Name]: FetchFunction;
} & {
  /** Takes absolute URLs of the resources that are configured or known (Key Vault, Graph). */
  readonly fetch: FetchFunction;
  /** Acquires a bound token, from the cache when it can. */
  readonly acquireToken: AcquireToken<Source>;
};

/** `acquireToken` of a source, with the token as the source gives it. */
export type AcquireToken<Source extends BoundTokenSource> = (
  request: BoundTokenRequest,
) => Promise<Awaited<ReturnType<Source["acquireBoundToken"]>>>;

/** Hands out core's clients without what closes them, and the tokens of their source. */
export function boundClients(pop: PopClients<string>, tokens: BoundTokenSource): BoundClients<string, BoundTokenSource> {
  const { close: _, [Symbol.asyncDispose]: __, ...clients } = pop;
  const acquireToken: AcquireToken<BoundTokenSource> = async (request) => {
    const token = await tokens.acquireBoundToken(request);
    assertBound(token);
    return token;
  };
  // shared: one handler must not replace what another one calls
  return Object.freeze(Object.assign(clients, { acquireToken }));
}
