import * as undici7 from "undici";
import * as undici6 from "undici6";
import { createPopDispatcher, type PopDispatcher, type PopDispatcherOptions } from "../../src/undici/index.js";
import { calling } from "../resource/calling.js";

/** An emulator, and a dispatcher that may call its custom API and its vaults. */
export async function dispatching(options: Parameters<typeof calling>[0] = {}) {
  const world = await calling(options);
  const { transport, resources } = world;
  return {
    ...world,
    dispatcher: (over: Partial<PopDispatcherOptions> = {}): PopDispatcher =>
      createPopDispatcher({ tokens: world.application(), transport, resources, ...over }),
  };
}

/** Each `fetch` that takes a dispatcher, with one signature, and the FormData that goes with it. */
export const FETCHES = [
  {
    name: `the fetch of Node ${process.versions.node}`,
    Form: FormData,
    call: (url: string, init: object): Promise<Response> => fetch(url, init),
  },
  { name: "the fetch of undici 6", Form: undici6.FormData, call: called(undici6.fetch) },
  { name: "the fetch of undici 7", Form: undici7.FormData, call: called(undici7.fetch) },
] as const;

/** undici's types of the same things are others than the platform's. */
function called(fetchOfUndici: (...args: never) => unknown): (url: string, init: object) => Promise<Response> {
  return (url, init) => Reflect.apply(fetchOfUndici, undefined, [url, init]);
}

/** Each undici that has `request`, `stream` and `pipeline`. */
export const UNDICIS = [
  { name: "undici 6", undici: undici6 },
  { name: "undici 7", undici: undici7 },
] as const;

/** What a `fetch` says that it failed for. */
export async function causeOf(attempt: Promise<unknown>): Promise<unknown> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TypeError) || error.message !== "fetch failed") throw new Error("It was expected to fail.", { cause: error });
  return error.cause;
}
