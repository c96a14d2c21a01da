/** Scopes of resources that differ in nothing but their number. */
const scopes: readonly string[] = Array.from({ length: 1000 }, (_, index) => `api://orders-${index}/.default`);

/** The scope of the entry with this index. */
export function scopeOf(index: number): string {
  return scopes[index] ?? "api://orders/.default";
}
