import { MtlsPopError } from "../errors.js";

/** No user, query, fragment or backslash, and nothing that a parser would repair: what is read is what is asked. */
const HTTP_URL = /^https?:\/\/[^/?#@\\\s]+(\/[^?#@\\\s]*)?$/i;

/**
 * The endpoint that an environment variable names.
 *
 * @param help how the variable comes to be, and what to do
 * @throws {MtlsPopError} `settings_invalid`; the value stays out of it
 */
export function endpointOfVariable(variable: string, value: string, help: string): URL {
  if (HTTP_URL.test(value) && URL.canParse(value)) return new URL(value);
  throw new MtlsPopError("settings_invalid", `The environment's ${variable} is no http URL of just a host and a path.`, { help });
}
