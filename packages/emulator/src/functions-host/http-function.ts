import type { RegisteredFunction } from "./function-app.js";
import type { AuthLevel } from "./function-keys.js";
import { parseRoute, type Route } from "./route.js";

/** A function with an HTTP trigger, and what of the trigger the host needs. */
export interface HttpFunction {
  readonly registered: RegisteredFunction;
  /** The trigger's name among the function's bindings. */
  readonly bindingName: string;
  readonly authLevel: AuthLevel;
  /** In upper case. */
  readonly methods: readonly string[];
  /** The template with the host's prefix in front, such as `api/secrets/{name}`. */
  readonly template: string;
  readonly route: Route;
}

const METHODS = ["GET", "POST"];
const AUTH_LEVELS: readonly AuthLevel[] = ["anonymous", "function", "admin"];

/**
 * Reads the trigger of an HTTP function.
 *
 * @returns nothing for a function with another trigger
 * @throws Error for a route or level that the Functions host would not take
 */
export function httpFunction(registered: RegisteredFunction, routePrefix: string): HttpFunction | undefined {
  const { name, bindings } = registered.metadata;
  const [bindingName, trigger] = Object.entries(bindings).find(([, { type }]) => type?.toLowerCase() === "httptrigger") ?? [];
  if (bindingName === undefined || !trigger) return undefined;
  const own = typeof trigger.route === "string" ? trigger.route : name;
  const template = [routePrefix, own]
    .map((part) => part.replace(/^\/|\/$/g, ""))
    .filter(Boolean)
    .join("/");
  const methods = Array.isArray(trigger.methods) && trigger.methods.length > 0 ? trigger.methods.map(String) : METHODS;
  const authLevel = AUTH_LEVELS.find((level) => level === (trigger.authLevel ?? "anonymous"));
  if (!authLevel) throw new Error(`The function "${name}" has the authLevel "${trigger.authLevel}". Known: ${AUTH_LEVELS.join(", ")}.`);
  try {
    const route = parseRoute(template);
    return { registered, bindingName, authLevel, methods: methods.map((method) => method.toUpperCase()), template, route };
  } catch (cause) {
    throw new Error(`The route "${template}" of the function "${name}" cannot be used: ${String(cause)}`, { cause });
  }
}
