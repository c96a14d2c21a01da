import { SingleFlight } from "../internal/single-flight.js";
import type { Binding } from "./binding.js";

/** How many refused tokens are kept in mind: calls that began with one of them may still be under way. */
const MAX_REFUSED = 8;

/**
 * The last new token of a resource that did not recognize the binding of the one before, with its connections. All calls that were refused get it,
 * also those that are told later: a resource that refuses everything, such as one behind a proxy that ends TLS, has one token asked for and not one
 * for each call.
 */
export class BindingRenewal {
  readonly #flights = new SingleFlight<Binding>();
  #binding: Binding | undefined;
  /** Whether the resource took the new token; `undefined` until that shows. */
  #isTaken: boolean | undefined;
  /** Tokens that the new one takes the place of, the latest last. */
  #refused: readonly string[] = [];

  /**
   * The binding to try in place of one that was refused.
   *
   * @param renew makes a new one, once for all who want it at the same time
   * @param signal ends this caller's wait
   */
  inPlaceOf(accessToken: string, renew: (signal: AbortSignal) => Promise<Binding>, signal: AbortSignal | undefined): Promise<Binding> {
    if (this.#binding && this.#isReplaced(accessToken)) return Promise.resolve(this.#binding);
    const start = async (ended: AbortSignal) => {
      const binding = await renew(ended);
      this.#refused = [...this.#refused, accessToken].slice(-MAX_REFUSED);
      this.#binding = binding;
      this.#isTaken = undefined;
      return binding;
    };
    return this.#flights.join("", start, signal);
  }

  /** Whether it is known that trying again is of no use. */
  isHopeless(accessToken: string): boolean {
    return this.#isTaken === false && this.#isReplaced(accessToken);
  }

  /** Keeps in mind what the resource thought of a token, if it is the new one. */
  settle(accessToken: string, isTaken: boolean): void {
    if (accessToken === this.#binding?.accessToken) this.#isTaken = isTaken;
  }

  /** A token that was taken and is refused now is another matter: it needs a new one. */
  #isReplaced(accessToken: string): boolean {
    return this.#refused.includes(accessToken) || (accessToken === this.#binding?.accessToken && this.#isTaken !== true);
  }
}
