import { describe, expect, it } from "vitest";
import { ProxyRoute } from "../../src/transport/proxy-route.js";
import { Transport } from "../../src/transport/transport-options.js";
import { thrown } from "../thrown.js";

const PROXY = "http://proxy.contoso:3128";

/** Where a connection goes: the proxy's `host:port`, or nothing. */
const via = (env: NodeJS.ProcessEnv, host = "vault.example", option?: string | URL | false) =>
  ProxyRoute.of(option, env)?.proxyFor(host, 443)?.authority;

describe("the proxy of the environment", () => {
  it.each<[string, NodeJS.ProcessEnv, string | undefined]>([
    ["none", {}, undefined],
    ["empty", { HTTPS_PROXY: "", https_proxy: "" }, undefined],
    ["blank", { HTTPS_PROXY: "  " }, undefined],
    ["upper case", { HTTPS_PROXY: PROXY }, "proxy.contoso:3128"],
    ["lower case", { https_proxy: PROXY }, "proxy.contoso:3128"],
    ["lower case first", { HTTPS_PROXY: "http://other:1", https_proxy: PROXY }, "proxy.contoso:3128"],
    ["lower case first, also when empty", { HTTPS_PROXY: PROXY, https_proxy: "" }, undefined],
    ["those of http and of everything", { HTTP_PROXY: PROXY, http_proxy: PROXY, ALL_PROXY: PROXY }, undefined],
    ["exempt in upper case", { HTTPS_PROXY: PROXY, NO_PROXY: "example" }, undefined],
    ["exempt in lower case", { HTTPS_PROXY: PROXY, no_proxy: "vault.example" }, undefined],
    ["exempt in lower case first", { HTTPS_PROXY: PROXY, no_proxy: "", NO_PROXY: "example" }, "proxy.contoso:3128"],
    ["exempt for another port", { HTTPS_PROXY: PROXY, NO_PROXY: "vault.example:8443" }, "proxy.contoso:3128"],
  ])("%s", (_what, env, expected) => {
    expect(via(env)).toBe(expected);
  });

  it.each(["HTTPS_PROXY", "https_proxy"])("is refused when %s is malformed, by its name and without its content", (name) => {
    for (const value of ["socks5://user:hunter2@proxy", "http://user:hunter2@proxy:x"]) {
      const error = thrown(() => new Transport({}, { [name]: value }));
      expect(error).toMatchObject({ code: "invalid_options", message: expect.stringMatching(new RegExp(`^${name} in the environment `)) });
      expect(error.message).not.toContain("hunter2");
    }
  });

  it("counts for nothing beside the option", () => {
    const env = { HTTPS_PROXY: "socks5://broken", NO_PROXY: "*" };
    expect(via(env, "vault.example", PROXY)).toBe("proxy.contoso:3128");
    expect(via(env, "vault.example", new URL(PROXY))).toBe("proxy.contoso:3128");
    expect(via(env, "vault.example", false)).toBeUndefined();
  });
});

describe("this machine and its link", () => {
  it.each([
    "localhost",
    "LOCALHOST",
    "localhost.",
    "vault.emulator.localhost",
    "127.0.0.1",
    "127.255.0.1",
    "::1",
    "::ffff:7f00:1",
    "::ffff:127.0.0.1",
    "169.254.169.254",
    "::ffff:a9fe:a9fe",
    "fe80::1",
    "febf::1",
  ])("MI-10 %s is never reached through a proxy", (host) => {
    expect(via({ HTTPS_PROXY: PROXY }, host)).toBeUndefined();
    expect(via({}, host, PROXY)).toBeUndefined();
  });

  it.each(["localhost.example", "notlocalhost", "128.0.0.1", "169.255.0.1", "10.0.0.1", "fec0::1", "2001:db8::1", "127.example"])(
    "%s is none of it",
    (host) => {
      expect(via({}, host, PROXY)).toBe("proxy.contoso:3128");
    },
  );
});
