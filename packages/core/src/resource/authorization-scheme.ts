/** How a bound token is announced in the `Authorization` header; never `Bearer`, which would ask for a token that is bound to nothing. */
export type AuthorizationScheme = "pop" | "mtls_pop";

/** Origins whose scheme is remembered, the last used ones. */
const MAX_REMEMBERED = 100;

/** The scheme that a 401 to the given one is answered with. */
export function otherScheme(scheme: AuthorizationScheme): AuthorizationScheme {
  return scheme === "pop" ? "mtls_pop" : "pop";
}

/** Which scheme an origin turned out to take when it was not the one expected. */
export class SchemeMemory {
  readonly #schemes = new Map<string, AuthorizationScheme>();

  get(origin: string): AuthorizationScheme | undefined {
    return this.#schemes.get(origin);
  }

  remember(origin: string, scheme: AuthorizationScheme): void {
    this.#schemes.delete(origin);
    this.#schemes.set(origin, scheme);
    const [oldest] = this.#schemes.keys();
    if (oldest !== undefined && this.#schemes.size > MAX_REMEMBERED) this.#schemes.delete(oldest);
  }
}
