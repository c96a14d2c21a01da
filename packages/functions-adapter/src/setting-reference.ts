import type { ResourceOptions } from "@mtls-pop/core";
import type { NeededSetting } from "./setting-errors.js";
import { type Environment, setting } from "./settings.js";

/** The way in which Functions bindings refer to app settings: `%VAULT_URL%`. */
const REFERENCE = /^%([A-Za-z_][\w:.-]*)%$/;

/** The options of a resource that may be a reference. */
const REFERRING = ["baseUrl", "scope"] as const;

type Resources = Readonly<Record<string, ResourceOptions>>;

/** The app settings that resources refer to, and what for. */
export function settingReferences(resources: Resources): NeededSetting[] {
  return Object.entries(resources).flatMap(([resource, options]) =>
    REFERRING.flatMap((option) => {
      const name = referenced(options[option]);
      return name === undefined ? [] : [{ name, meaning: `\`${option}\` of the resource "${resource}"` }];
    }),
  );
}

/** Puts the settings' values in the place of the references. */
export function resolveReferences(resources: Resources, env: Environment): Record<string, ResourceOptions> {
  const resolved = Object.entries(resources).map(([resource, options]) => {
    const values = REFERRING.flatMap((option) => {
      const name = referenced(options[option]);
      return name === undefined ? [] : [[option, setting(env, name)]];
    });
    return [resource, { ...options, ...Object.fromEntries(values) }];
  });
  return Object.fromEntries(resolved);
}

/** The app setting that a value names, if it does. */
export function referenced(value: unknown): string | undefined {
  return REFERENCE.exec(String(value))?.[1];
}
