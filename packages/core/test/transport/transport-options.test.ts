import { describe, expect, it } from "vitest";
import { Transport } from "../../src/transport/transport-options.js";
import { authority } from "../certificate/authority.js";
import { thrown } from "../thrown.js";

const ca = authority.rootPem;

describe("Transport", () => {
  it.each([
    [{ ca: "/etc/ssl/corporate.pem" }, "not a path"],
    [{ ca: "" }, "`ca`"],
    [{ ca: [] }, "`ca`"],
    [{ ca: [ca, "corporate.pem"] }, "`ca`"],
    [{ ca: Buffer.from(ca) }, "`ca`"],
    [{ lookup: "dns" }, "`lookup`"],
    [{ caHosts: "*.example" }, "`caHosts`"],
    [{ connectTimeoutMs: 0 }, "`connectTimeoutMs`"],
    [{ headersTimeoutMs: Number.POSITIVE_INFINITY }, "`headersTimeoutMs`"],
    [{ bodyTimeoutMs: 2 ** 31 }, "2147483647 at most"],
    [{ timeout: 3 }, "`timeout` is not an option"],
    [null, "options object"],
    ["fast", "options object"],
  ])("refuses %j", (options, words) => {
    expect(thrown(() => new Transport(options as never))).toMatchObject({
      code: "invalid_options",
      message: expect.stringContaining(words),
    });
  });

  it("gives its CA to every host, or to those that it is for", () => {
    expect(new Transport({ ca }).caFor("vault.example")).toEqual([ca]);
    const some = new Transport({ ca, caHosts: ["*.Emulator.localhost", "vault.example"] });
    expect(["a.emulator.localhost", "A.B.EMULATOR.LOCALHOST", "vault.example"].map((host) => some.caFor(host))).toEqual([[ca], [ca], [ca]]);
    expect(["emulator.localhost", "evil-emulator.localhost", "vault.example.evil", ""].filter((host) => some.caFor(host))).toEqual([]);
  });

  it("is not changed by what becomes of the options afterwards", () => {
    const list = [ca];
    const transport = new Transport({ ca: list });
    list.push("more");
    expect(transport.caFor("vault.example")).toEqual([ca]);
  });

  it("makes one TLS context for all hosts without a client certificate, and none where Node's roots do", () => {
    const transport = new Transport({ ca, caHosts: ["*.example"] });
    expect(transport.anonymousContext("a.example")).toBe(transport.anonymousContext("b.example"));
    expect(transport.anonymousContext("elsewhere.test")).toBeUndefined();
  });
});
