/**
 * How a bound token is announced in the `Authorization` header; never `Bearer`, which would ask for a token that is bound to nothing. The one
 * exception follows from the token and is no setting: `ownSchemeOf` in bound-token.
 */
export type AuthorizationScheme = "pop" | "mtls_pop";

/** The scheme that a 401 to the given one is answered with. */
export function otherScheme(scheme: AuthorizationScheme): AuthorizationScheme {
  return scheme === "pop" ? "mtls_pop" : "pop";
}

/** Client errors that a server gives without having looked at the token: it is busy, or did not get as far. */
const UNREAD = new Set([400, 401, 408, 413, 414, 421, 425, 429, 431]);

/** Whether an answer shows that the scheme was taken, whatever else it says. */
export function showsScheme(status: number): boolean {
  return status < 500 && !UNREAD.has(status);
}
