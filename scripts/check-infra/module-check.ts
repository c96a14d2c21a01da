import { propertiesOf } from "./bicep-file.js";
import { meaningful } from "./bicep-parser.js";
import { type FileScope, parameterType } from "./file-scope.js";
import { FileProblems, type Problem } from "./problem.js";
import { checkValue } from "./value-check.js";

/** What a module may be told beside its parameters. */
const KEYS = new Set(["params", "scope", "dependsOn"]);

/** Modules: the file is there, every parameter is one of its and of its type, and none that it requires is missing. */
export function checkModules(scope: FileScope): Problem[] {
  const problems = new FileProblems(scope.file.path);
  for (const { name, node, reference, body } of scope.file.modules) {
    const file = scope.moduleFiles.get(name);
    if (file === undefined) {
      problems.add(node, `There is no file ${reference}. A module has to be one of this folder's, since nothing is fetched.`);
      continue;
    }
    const parts = propertiesOf(body);
    for (const key of parts.keys()) {
      if (!KEYS.has(key)) problems.add(node, `The module \`${name}\` has \`${key}\`, which is none of ${[...KEYS].join(", ")}.`);
    }
    const params = parts.get("params");
    const given = params ? propertiesOf(params) : new Map();
    const parameters = new Map(file.parameters.map((parameter) => [parameter.name, parameter]));
    for (const [key, value] of given) {
      const parameter = parameters.get(key);
      if (parameter) checkValue(value, parameterType(parameter), `the parameter \`${key}\``, { scope, problems });
      else problems.add(value, `${file.path} has no parameter \`${key}\`.`);
    }
    for (const parameter of file.parameters) {
      if (parameter.default === undefined && !given.has(parameter.name)) {
        problems.add(node, `The module \`${name}\` lacks the parameter \`${parameter.name}\`, which ${file.path} requires.`);
      }
    }
    for (const dependency of meaningful(parts.get("dependsOn") ?? body)) {
      const needed = [...scope.file.modules, ...scope.file.resources].some((one) => one.name === dependency.text);
      if (parts.has("dependsOn") && !needed) problems.add(dependency, `\`${dependency.text}\` is nothing that is deployed here.`);
    }
  }
  return problems.found;
}
