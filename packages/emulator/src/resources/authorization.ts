/** What an Authorization header holds. */
export interface Authorization {
  /** In lower case, since schemes are compared without case (RFC 9110 section 11.1). */
  readonly scheme: string;
  readonly token: string;
}

/** Reads an Authorization header; `undefined` without one, or without a token in it. */
export function readAuthorization(header: string | undefined): Authorization | undefined {
  const [, scheme, token] = /^([^ ]+) +([^ ].*)$/.exec(header ?? "") ?? [];
  return scheme === undefined || token === undefined ? undefined : { scheme: scheme.toLowerCase(), token: token.trim() };
}
