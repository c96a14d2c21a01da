import type { Node } from "web-tree-sitter";
import { nodesOf } from "./bicep-parser.js";
import type { FileScope } from "./file-scope.js";
import { FileProblems, type Problem } from "./problem.js";

/** Names that promise a secret, as the linter of Bicep has them (`secure-secrets-in-params`), and some more. */
const SECRET_NAME = /password|pwd|secret|accountkey|acctkey|token|connectionstring|sastoken/i;
/** What is about a secret without being one. */
const HARMLESS_NAME = /secret(?:s?_?vault)?_?(?:name|ur[il]|version)|tokenEndpoint/i;

/** Outputs stand in the deployment's history for whoever can read it, and azd writes them into a file: none may be a secret. */
export function checkOutputs(scope: FileScope): Problem[] {
  const { file } = scope;
  const problems = new FileProblems(file.path);
  for (const { name, node, value, decorators } of file.outputs) {
    if (promisesSecret(name)) problems.add(node, `By its name the output \`${name}\` is a secret.`);
    if (decorators.some((decorator) => decorator.name === "secure")) {
      problems.add(node, `The output \`${name}\` is marked as secure, and azd would write it into a file all the same.`);
    }
    const source = secretIn(value, scope, new Set());
    if (source) problems.add(node, `The output \`${name}\` has a secret in it: ${source}.`);
  }
  for (const { name, node, decorators } of file.parameters) {
    const isSecure = decorators.some((decorator) => decorator.name === "secure");
    if (promisesSecret(name) && !isSecure) problems.add(node, `By its name the parameter \`${name}\` is a secret: mark it with @secure().`);
  }
  return problems.found;
}

function promisesSecret(name: string): boolean {
  return SECRET_NAME.test(name.replace(HARMLESS_NAME, ""));
}

/** What of an expression, or of the variables in it, is secret. */
function secretIn(expression: Node, scope: FileScope, seen: Set<string>): string | undefined {
  const { parameters, variables } = scope.file;
  for (const node of nodesOf(expression)) {
    const called = node.type === "call_expression" ? node.childForFieldName("function") : undefined;
    const method = called?.type === "member_expression" ? called.childForFieldName("property") : called;
    if (method && /^(?:list|getSecret)/i.test(method.text)) return `\`${method.text}\` returns one`;
    if (node.type !== "identifier" || seen.has(node.text)) continue;
    const parameter = parameters.find((one) => one.name === node.text);
    if (parameter?.decorators.some((decorator) => decorator.name === "secure")) return `the parameter \`${node.text}\` is secure`;
    const variable = variables.find((one) => one.name === node.text);
    const inVariable = variable && secretIn(variable.value, scope, seen.add(node.text));
    if (inVariable) return inVariable;
  }
  return undefined;
}
