import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { entraError } from "../../src/token/entra-error.js";

const correlationId = "c0ffee00-0000-4000-8000-000000000000";
const LOGGED = "10ad0000-0000-4000-8000-000000000000";
const error = (body: unknown, over: Partial<Parameters<typeof entraError>[0]> = {}) =>
  entraError({
    status: 400,
    headers: {},
    body: typeof body === "string" ? body : JSON.stringify(body),
    host: "mtlsauth.microsoft.com",
    correlationId,
    nowMs: 0,
    ...over,
  });

describe("entraError", () => {
  it("says who refused, with what status, number and words, without the ids that Entra adds to them", () => {
    const refusal = error(
      {
        error: "invalid_client",
        error_description:
          "AADSTS700027: The certificate is not registered. Trace ID: 1 Correlation ID: 2 Timestamp: 2026-11-06 08:49:37Z\r\nmore",
        error_codes: [700027],
        correlation_id: LOGGED,
        suberror: "bad_token",
        claims: '{"access_token":{}}',
      },
      { status: 401 },
    );
    expect(refusal).toMatchObject({
      code: "invalid_client",
      kind: "service",
      retryable: false,
      statusCode: 401,
      aadErrorCodes: [700027],
      correlationId: LOGGED,
      suberror: "bad_token",
      claims: '{"access_token":{}}',
      help: expect.stringContaining("register this certificate"),
    });
    expect(refusal.message).toContain(
      `mtlsauth.microsoft.com refused the token request (401, correlation id ${LOGGED}): AADSTS700027: The certificate is not registered.`,
    );
    expect(refusal.message).not.toContain("Trace ID");
  });

  it.each([
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "invalid_resource",
    "unauthorized_client",
    "unsupported_grant_type",
    "access_denied",
    "interaction_required",
    "server_error",
    "temporarily_unavailable",
  ])("knows the error %s", (code) => {
    expect(error({ error: code })).toMatchObject({ code, kind: "service" });
  });

  it.each(["toString", "__proto__", "throttled", "timeout", "invalid_options", "evil"])("calls the error %s a service_error", (code) => {
    expect(error({ error: code })).toMatchObject({ code: "service_error", kind: "service" });
  });

  it.each([
    [408, true],
    [429, true],
    [500, true],
    [503, true],
    [400, false],
    [401, false],
    [403, false],
  ])("says of status %d whether trying again can help: %s", (status, retryable) => {
    expect(error({ error: "invalid_request" }, { status }).retryable).toBe(retryable);
    expect(error("<html>", { status }).retryable).toBe(retryable);
  });

  it("takes over when to come back", () => {
    expect(error({ error: "x" }, { status: 429, headers: { "retry-after": "30" } }).retryAfterSeconds).toBe(30);
    expect(error({ error: "x" }, { status: 429, headers: { "retry-after": "soon" } })).not.toHaveProperty("retryAfterSeconds");
  });

  it("takes the number from the description where the answer lists none", () => {
    expect(error({ error: "x", error_description: "AADSTS392196: No." }).aadErrorCodes).toEqual([392196]);
    expect(error({ error: "x", error_description: "See AADSTS392196." })).not.toHaveProperty("aadErrorCodes");
  });

  it.each([
    ["an HTML page", "<html>blocked by proxy</html>", { "content-type": "text/html" }],
    ["a text that is no JSON object", "upstream connect error", {}],
    ["a text that is no JSON object", "[]", {}],
    ["no body", " ", {}],
    ["JSON without an `error`", '{"message":"secret"}', {}],
    ["JSON without an `error`", '{"error":{"code":"x"}}', {}],
  ])("names what came in place of Entra's error and does not repeat it: %s", (words, body, headers) => {
    const strange = error(body, { status: 502, headers });
    expect(strange).toMatchObject({ code: "service_error", statusCode: 502, correlationId });
    expect(strange.message).toContain(`502 and ${words}`);
    expect(strange.message).not.toMatch(/blocked|upstream|secret/);
  });

  it.each([
    ["a number", 7],
    ["an object", {}],
    ["no GUID", "1 OR 1=1"],
  ])("keeps its own correlation id when the answer's is %s", (_, correlation_id) => {
    expect(error({ error: "x", correlation_id }).correlationId).toBe(correlationId);
    expect(error({ error: "x" }, { headers: { "client-request-id": LOGGED } }).correlationId).toBe(LOGGED);
  });
});

describe("entraError, of a hostile answer", () => {
  it("passes on no line break, no terminal's escape, nothing that turns a line around", () => {
    const { message } = error({ error: "x", error_description: "one\u0000 \u001b[31mred \u202Eback\u2028two \u009b" });
    expect(message).toMatch(/one {2}/);
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(error({ error: "a\r\nb" }).message).not.toContain("\n");
  });

  it("passes on no JWT, whole or cut", () => {
    const jwt = `eyJ${"a".repeat(30)}.eyJ${"b".repeat(5000)}.${"c".repeat(30)}`;
    for (const text of [jwt, `Assertion ${jwt} is invalid`, `Header eyJ${"a".repeat(5000)}`, "see eyJhbGciOiJub25lIn0.eyJzdWIi"]) {
      const { message } = error({ error: "x", error_description: text });
      expect(message).toContain("[JWT]");
      expect(message).not.toMatch(/eyJ/);
    }
  });

  it.each([
    ["blanks", " ".repeat(1_000_000)],
    ["blanks before a Trace ID that does not come", `${" ".repeat(1_000_000)}Trace`],
    ["beginnings of JWTs", "eyJ".repeat(300_000)],
    ["line breaks", "\r\n".repeat(500_000)],
    ["letters", "x".repeat(1_000_000)],
  ])("reads a megabyte of %s quickly and repeats a little of it", (_, error_description) => {
    expect(error({ error: "x", error_description }).message.length).toBeLessThan(1000);
  });

  it("keeps few numbers, and those that are numbers, and no long suberror", () => {
    const error_codes = [1.5, "7", null, Number.MAX_VALUE, -1, ...Array(100_000).fill(7)];
    const refusal = error({ error: "x", error_codes, suberror: "y".repeat(100) });
    expect(refusal.aadErrorCodes?.length).toBeLessThanOrEqual(10);
    expect(refusal.aadErrorCodes).toContain(7);
    expect(refusal).not.toHaveProperty("suberror");
  });

  it.each([null, 7, [], {}])("takes %j for no description", (value) => {
    expect(error({ error: "invalid_client", error_description: value, error_codes: value, suberror: value, claims: value })).toMatchObject({
      code: "invalid_client",
      message: expect.stringContaining("without a description"),
    });
  });

  it("passes claims on that a request could carry, and none beyond", () => {
    const claims = (length: number) => error({ error: "interaction_required", claims: "x".repeat(length) }).claims;
    expect(claims(16_384)).toHaveLength(16_384);
    expect(claims(16_385)).toBeUndefined();
  });

  it("keeps nothing of a long answer alive but what it shows: the throttle memory holds errors for an hour", () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const heapUsed = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = heapUsed();
    const refusals = Array.from({ length: 30 }, (_, index) =>
      error({
        error: "invalid_client",
        error_description: `AADSTS7000${index}: ${"word ".repeat(200_000)}`,
        claims: "x".repeat(1_000_000),
      }),
    );
    expect(heapUsed() - before).toBeLessThan(10_000_000);
    expect(refusals).toHaveLength(30);
  });
});
