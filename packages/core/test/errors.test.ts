import { inspect } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { ERROR_CODES, isMtlsPopError, MtlsPopError } from "../src/errors.js";

describe("MtlsPopError", () => {
  it("is an Error with code, kind and advice, which the message ends with", () => {
    const error = new MtlsPopError("invalid_scope", "The scope is wrong.", { help: "Use another.", statusCode: 400 });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "MtlsPopError",
      code: "invalid_scope",
      kind: "service",
      retryable: false,
      message: "The scope is wrong. Use another.",
      help: "Use another.",
      statusCode: 400,
    });
    expect(String(error)).toBe("MtlsPopError: The scope is wrong. Use another.");
  });

  it("has no property for what is not known", () => {
    const error = new MtlsPopError("timeout", "Late.", { help: undefined, correlationId: undefined });
    expect(Object.keys(error).sort()).toEqual(["code", "kind", "name", "retryable"]);
    expect("cause" in error).toBe(false);
  });

  it("carries the original as its cause, which JSON leaves out", () => {
    const cause = new Error("the key is hunter2");
    const error = new MtlsPopError("network_error", "Lost.", { cause });
    expect(error.cause).toBe(cause);
    expect(Object.keys(error)).not.toContain("cause");
    expect(JSON.stringify(error)).not.toContain("hunter2");
  });

  it("becomes JSON with message, code and facts, and without the stack", () => {
    const error = new MtlsPopError("throttled", "Wait.", { retryAfterSeconds: 5, correlationId: "id", aadErrorCodes: [90055] });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "MtlsPopError",
      message: "Wait.",
      code: "throttled",
      kind: "service",
      retryable: true,
      retryAfterSeconds: 5,
      correlationId: "id",
      aadErrorCodes: [90055],
    });
  });

  it("is as retryable as its code says, unless told otherwise", () => {
    expect(new MtlsPopError("timeout", "Late.").retryable).toBe(true);
    expect(new MtlsPopError("resource_error", "Busy.", { retryable: true }).retryable).toBe(true);
    expect(new MtlsPopError("timeout", "Late.", { retryable: false }).retryable).toBe(false);
  });

  it("shows its code when it is inspected", () => {
    expect(inspect(new MtlsPopError("timeout", "Late."))).toContain("code: 'timeout'");
  });

  it("knows a kind for every code", () => {
    for (const code of Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[]) {
      expect(new MtlsPopError(code, "x").kind).toMatch(/^(client|service)$/);
    }
  });
});

describe("isMtlsPopError", () => {
  it("knows an error of another copy of the package", async () => {
    vi.resetModules();
    const another = await import("../src/errors.js");
    const error = new another.MtlsPopError("timeout", "Late.");
    expect(another.MtlsPopError).not.toBe(MtlsPopError);
    expect(isMtlsPopError(error)).toBe(true);
    expect(error).toBeInstanceOf(MtlsPopError);
  });

  it("leaves its own instances to a class that extends it", () => {
    class Narrower extends MtlsPopError {}
    expect(new Narrower("timeout", "Late.")).toBeInstanceOf(MtlsPopError);
    expect(new Narrower("timeout", "Late.")).toBeInstanceOf(Narrower);
    expect(new MtlsPopError("timeout", "Late.")).not.toBeInstanceOf(Narrower);
    expect(new Error("x")).not.toBeInstanceOf(MtlsPopError);
  });

  it.each([undefined, null, 7, "timeout", {}, new Error("x"), { code: "timeout", name: "MtlsPopError" }])(
    "does not take %j for one",
    (value) => {
      expect(isMtlsPopError(value)).toBe(false);
    },
  );
});
