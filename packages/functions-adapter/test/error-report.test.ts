import { InvocationContext } from "@azure/functions";
import { MtlsPopError } from "@mtls-pop/core";
import { describe, expect, it } from "vitest";
import { errorResponse, logError } from "../src/error-report.js";

const context = new InvocationContext({ invocationId: "the-invocation" });

describe("the response to an error", () => {
  it.each([
    [0, "0"],
    [1.2, "2"],
    [Number.POSITIVE_INFINITY, "86400"],
    [1e21, "86400"],
  ])("rounds a wait of %d s up to whole seconds of a day at most", (retryAfterSeconds, header) => {
    const response = errorResponse(context, new MtlsPopError("throttled", "Wait.", { retryAfterSeconds }));
    expect([response.status, new Headers(response.headers).get("retry-after")]).toEqual([503, header]);
  });

  it.each([Number.NaN, -1, "5\r\nset-cookie: a=b" as unknown as number])(
    "has no Retry-After for %j, which is no wait",
    (retryAfterSeconds) => {
      const response = errorResponse(context, new MtlsPopError("invalid_client", "No.", { retryAfterSeconds }));
      expect([response.status, Object.keys(response.headers ?? {})]).toEqual([500, ["cache-control"]]);
    },
  );

  it("holds the invocation's id when no request was made", () => {
    expect(errorResponse(context, new MtlsPopError("settings_missing", "No.")).jsonBody).toEqual({
      error: { code: "settings_missing", correlationId: "the-invocation" },
    });
  });

  it("puts no server's words into headers, whatever they are", () => {
    const error = new MtlsPopError("timeout", "a\r\nb", { correlationId: "1\r\nset-cookie: a=b" });
    expect(errorResponse(context, error).headers).toEqual({ "cache-control": "no-store" });
  });
});

describe("the log of an error", () => {
  it("is one line, so that a server's words cannot look like an entry of their own", () => {
    const lines: unknown[] = [];
    const logging = new InvocationContext({ logHandler: (level, ...given) => void lines.push([level, ...given]) });
    logError(logging, new MtlsPopError("resource_error", "It said:\r\n[mtls-pop] all is well.", { statusCode: 400, help: "Ask it." }));
    expect(lines).toEqual([["error", "[mtls-pop] resource_error: It said: [mtls-pop] all is well. Ask it. (status 400)"]]);
  });
});
