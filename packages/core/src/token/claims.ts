import { MtlsPopError } from "../errors.js";
import { record } from "../internal/options.js";

type JsonObject = Record<string, unknown>;

/**
 * The `claims` parameter: client capabilities as `xms_cc`, merged with the claims that a challenge asked for.
 *
 * @param claims JSON, as a challenge has it after its base64 was taken off
 * @returns JSON, or `undefined` when there is nothing to ask for
 * @throws {MtlsPopError} `invalid_claims`
 * @see OpenID Connect Core 1.0 section 5.5
 */
export function mergeClaims(clientCapabilities: readonly string[] | undefined, claims: string | undefined): string | undefined {
  const asked = claims === undefined ? undefined : parseClaims(claims);
  if (!clientCapabilities?.length) return asked && write(asked);
  const accessToken = { xms_cc: { values: clientCapabilities } };
  return write(asked ? merge({ access_token: accessToken }, asked) : { access_token: accessToken });
}

/** Back to JSON, which reads deeper than it can be written: a resource that asks for such claims means harm. */
function write(claims: JsonObject): string {
  try {
    return JSON.stringify(claims);
  } catch (cause) {
    throw new MtlsPopError("invalid_claims", "`claims` is nested too deeply.", {
      cause,
      help: "Do not follow a challenge that asks for it.",
    });
  }
}

function parseClaims(claims: string): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(claims);
  } catch (cause) {
    throw new MtlsPopError("invalid_claims", "`claims` is not JSON.", { cause, help: "Decode the challenge's base64 first." });
  }
  if (!isObject(parsed)) throw new MtlsPopError("invalid_claims", '`claims` must be a JSON object such as {"access_token":{…}}.');
  return parsed;
}

function merge(base: JsonObject, over: JsonObject): JsonObject {
  const merged = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const present = merged[name];
    const both = isObject(present) && isObject(value) ? merge(present, value) : value;
    // own property, even for a name such as __proto__
    Object.defineProperty(merged, name, { value: both, enumerable: true, configurable: true, writable: true });
  }
  return merged;
}

function isObject(value: unknown): value is JsonObject {
  return record.test(value);
}
