import { randomUUID } from "node:crypto";
import type { BoundTokenSource, ResourceOptions } from "@mtls-pop/core";

/** What decides over a set of clients: functions that say the same share one. */
export interface ClientSettings {
  readonly resources: Readonly<Record<string, ResourceOptions>>;
  readonly tokens: BoundTokenSource | undefined;
  /** Equal for settings that say the same; made once, so that a call costs a map look-up. */
  readonly key: string;
}

/** Settings with their key. */
export function clientSettings(settings: Omit<ClientSettings, "key">): ClientSettings {
  return { ...settings, key: keyOf(settings) };
}

function keyOf({ resources, tokens }: Omit<ClientSettings, "key">): string {
  try {
    const named = Object.entries(resources).map(([name, { tokens: own, ...rest }]) => [name, { ...rest, tokens: identityOf(own) }]);
    return JSON.stringify([identityOf(tokens), Object.fromEntries(named)], inOrder);
  } catch {
    // no options: shared with nobody, and core says what is wrong with it
    return randomUUID();
  }
}

const identities = new WeakMap<BoundTokenSource, number>();
let identityCount = 0;

/** A source has behaviour, which cannot be compared: each object is one of its own. */
function identityOf(source: BoundTokenSource | undefined): number | undefined {
  if (source === undefined) return undefined;
  const identity = identities.get(source) ?? ++identityCount;
  identities.set(source, identity);
  return identity;
}

/** Sorts an object's names, whose order says nothing. */
function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
