/** The two forms of an HTTP date that name their zone (RFC 9110 section 5.6.7): `Date.parse` alone takes far more than these. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -](?:\d{2}|\d{4}) \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Reads a `Retry-After` header.
 *
 * @param header seconds, or an HTTP date
 * @param nowMs what a date is counted from, as `Date.now()`
 * @returns whole seconds, 0 for a time that has passed; `undefined` for no header or an unreadable one
 * @see RFC 9110 section 10.2.3
 */
export function retryAfterSeconds(header: string | null | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,10}$/.test(text)) return Number(text);
  if (!HTTP_DATE.test(text)) return undefined;
  const untilMs = Date.parse(text);
  return Number.isNaN(untilMs) ? undefined : Math.max(0, Math.ceil((untilMs - nowMs) / 1000));
}
