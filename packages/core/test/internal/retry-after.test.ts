import { describe, expect, it } from "vitest";
import { retryAfterSeconds } from "../../src/internal/retry-after.js";

const NOW = Date.parse("2026-11-06T08:49:37Z");

describe("retryAfterSeconds", () => {
  it.each([
    ["30", 30],
    [" 0 ", 0],
    ["9999999999", 9_999_999_999],
    ["Fri, 06 Nov 2026 08:50:37 GMT", 60],
    ["Friday, 06-Nov-26 08:50:37 GMT", 60],
    ["Fri, 06 Nov 2026 08:00:00 GMT", 0],
  ])("reads %j as %d", (header, seconds) => {
    expect(retryAfterSeconds(header, NOW)).toBe(seconds);
  });

  it.each([
    undefined,
    null,
    "",
    "soon",
    "-5",
    "1.5",
    "1e3",
    "0x10",
    "99999999999",
    "2026-11-06",
    "Fri, 99 Nov 2026 08:50:37 GMT",
    "Fri, 06 Nov 2026 08:50:37 PST",
  ])("does not take %j", (header) => {
    expect(retryAfterSeconds(header, NOW)).toBeUndefined();
  });
});
