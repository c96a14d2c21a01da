import type { ResourceOptions } from "@mtls-pop/core";
import { type Environment, setting } from "./settings.js";

/** The way in which Functions bindings refer to app settings: `%VAULT_URL%`. */
const REFERENCE = /^%([A-Za-z_][\w:.-]*)%$/;

/** The options of a resource that may be a reference. */
const REFERRING = ["baseUrl", "scope"] as const;

type Resources = Readonly<Record<string, ResourceOptions>>;

/** The names of the app settings that resources refer to. */
export function settingReferences(resources: Resources): string[] {
  return Object.values(resources).flatMap((resource) => REFERRING.flatMap((option) => REFERENCE.exec(String(resource[option]))?.[1] ?? []));
}

/** Puts the settings' values in the place of the references. */
export function resolveReferences(resources: Resources, env: Environment): Record<string, ResourceOptions> {
  const resolved = Object.entries(resources).map(([name, resource]) => {
    const values = REFERRING.flatMap((option) => {
      const reference = REFERENCE.exec(String(resource[option]))?.[1];
      return reference === undefined ? [] : [[option, setting(env, reference)]];
    });
    return [name, { ...resource, ...Object.fromEntries(values) }];
  });
  return Object.fromEntries(resolved);
}
