import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { ForwardProxy } from "../../src/transport/forward-proxy.js";
import { Transport } from "../../src/transport/transport-options.js";
import { thrown } from "../thrown.js";

const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString("base64")}`;

describe("a proxy's URL", () => {
  it.each([
    ["http://proxy.contoso:3128", { host: "proxy.contoso", port: 3128, isTls: false, authority: "proxy.contoso:3128" }],
    ["http://proxy.contoso", { port: 80, authority: "proxy.contoso:80" }],
    ["https://proxy.contoso/", { port: 443, isTls: true, servername: "proxy.contoso" }],
    ["proxy.contoso:3128", { host: "proxy.contoso", port: 3128, isTls: false }],
    ["localhost:3128", { host: "localhost", port: 3128 }],
    ["user:pass@proxy.contoso:3128", { host: "proxy.contoso", authorization: basic("user:pass") }],
    ["http://[::1]:3128", { host: "::1", servername: "", authority: "[::1]:3128" }],
    ["http://10.0.0.1:3128", { host: "10.0.0.1", servername: "" }],
    [new URL("http://user:p%40ss%3A%C3%BC@proxy.contoso:3128"), { authorization: basic("user:p@ss:ü") }],
    ["http://user@proxy.contoso:3128", { authorization: basic("user:") }],
    ["http://:pass@proxy.contoso:3128", { authorization: basic(":pass") }],
  ])("%s is read", (value, expected) => {
    expect(new ForwardProxy(value, "`transport.proxy`")).toMatchObject(expected);
  });

  it.each([
    ["socks5://user:hunter2@proxy.contoso:1080", "of the kind socks5:, but only http: and https: are supported"],
    ["ftp://user:hunter2@proxy.contoso", "of the kind ftp:"],
    ["http://user:hunter2@proxy.contoso:99999", "is not the URL of a proxy"],
    ["http://user:hunter2@", "is not the URL of a proxy"],
    ["http://user:hunter2%@proxy.contoso:3128", "has credentials in which a % begins no percent-encoding"],
    ["hunter2 hunter2", "is not the URL of a proxy"],
  ])("%s is refused, without a word of the credentials", (value, words) => {
    const error = thrown(() => new Transport({ proxy: value }, {}));
    expect(error).toMatchObject({ code: "invalid_options", help: expect.stringContaining("http://user:password@host:port") });
    expect(error.message).toMatch(/^`transport\.proxy` /);
    expect(error.message).toContain(words);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/hunter2/);
  });

  it.each(["", " ", 3128, true, null, {}])("%j is no proxy's URL", (proxy) => {
    expect(thrown(() => new Transport({ proxy } as never, {}))).toMatchObject({
      code: "invalid_options",
      message: expect.stringContaining("takes `proxy` as a proxy's URL or false"),
    });
  });

  it("keeps its credentials out of what is printed", () => {
    const proxy = "http://user:hunter2@proxy.contoso:3128";
    for (const printed of [new Transport({ proxy }, {}), new ForwardProxy(proxy, "x")]) {
      expect(inspect(printed, { depth: 9, showHidden: true })).not.toMatch(/hunter2|Basic|dXNlcj/);
      expect(JSON.stringify(printed)).not.toMatch(/hunter2|Basic|dXNlcj/);
    }
  });
});
