import type { BicepFile, Parameter } from "./bicep-file.js";
import { parameterType } from "./file-scope.js";
import type { Problem } from "./problem.js";

/** What azd puts in the place of `${NAME=default}`. */
const REFERENCE = /^\$\{(?<name>[A-Z][A-Z0-9_]*)(?:=(?<preset>.*))?\}$/;

/**
 * Checks the file by which azd gives `main.bicep` its parameters from the environment: each is one, none that is required is missing, and
 * defaults are of the type.
 *
 * @param path of the parameters' file, relative to the folder that is checked
 * @param content of it, parsed
 */
export function checkParametersFile(path: string, content: unknown, main: BicepFile): Problem[] {
  const given = parametersOf(content);
  if (given === undefined) return [{ file: path, message: "It is no file of parameters: `parameters` with a `value` each is missing." }];
  const known = new Map(main.parameters.map((parameter) => [parameter.name, parameter]));
  const stray = [...given.keys()].filter((name) => !known.has(name)).map((name) => `${main.path} has no parameter \`${name}\`.`);
  const missing = main.parameters
    .filter((parameter) => parameter.default === undefined && !given.has(parameter.name))
    .map(({ name }) => `The parameter \`${name}\` is missing, which ${main.path} requires.`);
  const wrong = [...given].flatMap(([name, value]) => {
    const parameter = known.get(name);
    const message = parameter && mismatch(value, parameter);
    return message ? [message] : [];
  });
  return [...stray, ...missing, ...wrong].map((message) => ({ file: path, message }));
}

function mismatch(value: unknown, parameter: Parameter): string | undefined {
  const groups = REFERENCE.exec(String(value))?.groups;
  if (groups === undefined) return `\`${parameter.name}\` is \`${value}\`, and not a variable of the azd environment.`;
  const { preset } = groups;
  // empty: Bicep's own default
  if (preset === undefined || preset === "") return undefined;
  const type = parameterType(parameter);
  if (type.kind === "int") {
    const number = Number(preset);
    const { min = number, max = number, values = [number] } = type;
    const isFine = Number.isInteger(number) && number >= min && number <= max && values.includes(number);
    return isFine ? undefined : `\`${parameter.name}\` cannot be ${preset}.`;
  }
  if (type.kind === "bool") return ["true", "false"].includes(preset) ? undefined : `\`${parameter.name}\` cannot be ${preset}.`;
  if (type.kind === "string" && type.values && !type.values.includes(preset)) return `\`${parameter.name}\` cannot be ${preset}.`;
  return undefined;
}

function parametersOf(content: unknown): Map<string, unknown> | undefined {
  const parameters = typeof content === "object" && content !== null && "parameters" in content ? content.parameters : undefined;
  if (typeof parameters !== "object" || parameters === null) return undefined;
  const entries = Object.entries(parameters).map(([name, parameter]: [string, unknown]) => {
    return typeof parameter === "object" && parameter !== null && "value" in parameter ? ([name, parameter.value] as const) : undefined;
  });
  return entries.includes(undefined) ? undefined : new Map(entries.flatMap((entry) => (entry ? [entry] : [])));
}
