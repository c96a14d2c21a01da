import { MtlsPopError } from "../index.js";

/** What this entry needs beside core; all of it at once, so that nobody is told of one after the other. */
const INSTALL = "npm install @azure/identity @azure/keyvault-certificates @azure/keyvault-secrets";

/** Turns the failure of an `import()` into the command that installs what is missing. */
export function missing(name: string): (cause: unknown) => never {
  return (cause) => {
    const isMissing =
      cause instanceof Error && Reflect.get(cause, "code") === "ERR_MODULE_NOT_FOUND" && cause.message.includes(`'${name}'`);
    if (!isMissing) throw cause;
    throw new MtlsPopError("package_missing", `The package ${name}, with which certificates are read from Key Vault, is not installed.`, {
      cause,
      help: `Run "${INSTALL}", and bundle it with the app if you bundle.`,
    });
  };
}
