import { describe, expect, it } from "vitest";
import { MtlsPopError } from "../../src/errors.js";
import { timeoutError, transportError } from "../../src/transport/transport-errors.js";

const failure = (code: string, message = "it said no") => Object.assign(new Error(message), { code });

describe("transportError", () => {
  it.each([
    ["CERT_HAS_EXPIRED", "tls_handshake_failed", "transport.ca"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "tls_handshake_failed", "transport.ca"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "tls_handshake_failed", "client certificate"],
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "tls_handshake_failed", "client certificate"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "tls_handshake_failed", "client certificate"],
    ["EPROTO", "tls_handshake_failed", "client certificate"],
    ["ENOTFOUND", "network_error", "DNS"],
    ["ECONNREFUSED", "network_error", "reaches the host"],
    ["HPE_INVALID_CONSTANT", "network_error", "no proper HTTP"],
  ])("tells %s as %s, with a way out", (code, expected, help) => {
    const error = transportError(failure(code), "login.example", { correlationId: "id" });
    expect(error).toMatchObject({
      code: expected,
      kind: "client",
      retryable: expected === "network_error" && !code.startsWith("HPE_"),
      message: expect.stringMatching(new RegExp(`login\\.example.*it said no \\(${code}\\)`)),
      help: expect.stringContaining(help),
      correlationId: "id",
      cause: expect.objectContaining({ code }),
    });
  });

  it.each(["vault.emulator.localhost", "contoso.vault.emulator.localhost:8443"])("knows that the CA of %s may be an old one", (target) => {
    expect(transportError(failure("SELF_SIGNED_CERT_IN_CHAIN"), target).help).toMatch(/MTLS_POP_EMULATOR_CA/);
    expect(transportError(failure("SELF_SIGNED_CERT_IN_CHAIN"), `${target}.example`).help).not.toMatch(/MTLS_POP_EMULATOR_CA/);
  });

  it("takes the words of the first address where Node tried several", () => {
    const several = Object.assign(
      new AggregateError([failure("ECONNREFUSED", "connect ECONNREFUSED ::1:443"), failure("ECONNREFUSED")], ""),
      {
        code: "ECONNREFUSED",
      },
    );
    expect(transportError(several, "login.example").message).toContain("failed: connect ECONNREFUSED ::1:443 (ECONNREFUSED)");
  });

  it("leaves an error of ours as it is, and takes anything else that was thrown", () => {
    const ours = new MtlsPopError("timeout", "Late.");
    expect(transportError(ours, "login.example")).toBe(ours);
    expect(transportError("odd", "login.example")).toMatchObject({
      code: "network_error",
      message: expect.stringContaining("failed: odd."),
    });
    expect(transportError(undefined, "login.example").code).toBe("network_error");
  });
});

describe("timeoutError", () => {
  it.each(["connect", "headers", "body"] as const)("names the phase %s and its option", (phase) => {
    expect(timeoutError(phase, "login.example", 60)).toMatchObject({
      code: "timeout",
      retryable: true,
      message: expect.stringContaining("within 60 ms"),
      help: expect.stringContaining(`transport.${phase}TimeoutMs`),
    });
  });
});
