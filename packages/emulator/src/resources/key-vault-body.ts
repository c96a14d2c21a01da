import type { ObjectChanges, ObjectVersion } from "./key-vault-objects.js";

/** The fields of a JSON body; `undefined` for what is no object. */
export function readFields(body: Buffer): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(body.toString("utf8")));
  } catch {
    return undefined;
  }
}

export function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : undefined;
}

/** `tags` of a body; none when there are none. */
export function readTags(fields: Readonly<Record<string, unknown>>): { tags?: Record<string, string> } {
  const tags = Object.entries(asObject(fields["tags"]) ?? {}).map(([tag, text]) => [tag, String(text)]);
  return tags.length > 0 ? { tags: Object.fromEntries(tags) } : {};
}

/** What a PATCH asks for. */
export function readChanges(fields: Readonly<Record<string, unknown>>): ObjectChanges {
  const enabled = asObject(fields["attributes"])?.["enabled"];
  return { ...(typeof enabled === "boolean" ? { enabled } : {}), ...readTags(fields) };
}

/** `attributes` as every bundle has them. */
export function attributesOf({ enabled, createdOn, updatedOn }: ObjectVersion, validity: { nbf?: number; exp?: number } = {}): object {
  return {
    enabled,
    ...validity,
    created: epochSeconds(createdOn),
    updated: epochSeconds(updatedOn),
    recoveryLevel: "Recoverable+Purgeable",
    recoverableDays: 90,
  };
}

export function epochSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
