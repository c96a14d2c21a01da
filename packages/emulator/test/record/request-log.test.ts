import { describe, expect, it } from "vitest";
import type { RecordedRequest } from "../../src/record/recorded-request.js";
import { RequestLog } from "../../src/record/request-log.js";

const request = (path: string): RecordedRequest => ({ path }) as RecordedRequest;

describe("the record of requests", () => {
  it("holds the latest 10,000 at least, in the order of arrival, in a list that lives on", () => {
    const log = new RequestLog();
    const { entries } = log;
    for (let i = 0; i < 25_000; i++) {
      log.record(request(String(i)));
      expect(entries.length).toBeLessThan(11_000);
    }
    expect(entries.length).toBeGreaterThanOrEqual(10_000);
    expect(entries.map(({ path }) => Number(path))).toEqual(Array.from(entries, (_, i) => 25_000 - entries.length + i));
  });
});
