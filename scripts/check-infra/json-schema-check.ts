import type { ErrorObject, Options, ValidateFunction } from "ajv";
import { Ajv } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import type { Problem } from "./problem.js";

const OPTIONS: Options = { allErrors: true, strict: false, validateFormats: false };
const DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema";

/**
 * Validates a document against a published JSON schema.
 *
 * @param path of the document, relative to the folder that is checked
 * @param schema which may refer to schemas elsewhere: nothing is fetched, and a document that would need one of those is not valid
 */
export function checkAgainstSchema(path: string, document: unknown, schema: object): Problem[] {
  const validate = compile(schema);
  if (validate(document)) return [];
  const messages = (validate.errors ?? []).filter(isCause).map(({ instancePath, message, params }) => {
    const detail = "additionalProperty" in params ? ` (\`${params["additionalProperty"]}\`)` : "";
    return `${instancePath || "the document"} ${message}${detail}`;
  });
  return [...new Set(messages)].map((message) => ({ file: path, message }));
}

function compile(schema: object): ValidateFunction {
  const ajv = "$schema" in schema && schema.$schema === DRAFT_2019 ? new Ajv2019(OPTIONS) : new Ajv(OPTIONS);
  // lets nothing through
  for (const url of referencesElsewhere(schema)) ajv.addSchema({ $id: url, not: {} });
  return ajv.compile(schema);
}

function referencesElsewhere(schema: unknown): Set<string> {
  if (typeof schema !== "object" || schema === null) return new Set();
  const own = "$ref" in schema && typeof schema.$ref === "string" && schema.$ref.startsWith("https://") ? [schema.$ref] : [];
  return new Set([...own, ...Object.values(schema).flatMap((inner) => [...referencesElsewhere(inner)])]);
}

/** Not the branches that enclose what is really wrong. */
function isCause({ keyword }: ErrorObject): boolean {
  return keyword !== "if" && keyword !== "anyOf";
}
