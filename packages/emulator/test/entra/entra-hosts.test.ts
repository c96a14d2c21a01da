import { describe, expect, it } from "vitest";
import { entraHosts } from "../../src/entra/entra-hosts.js";

describe("entraHosts", () => {
  const hosts = entraHosts();

  it("tells login, mtlsauth and dSTS apart, global and regional", () => {
    expect(hosts("login.emulator.localhost")).toEqual({ kind: "login" });
    expect(hosts("mtlsauth.emulator.localhost")).toEqual({ kind: "mtlsauth" });
    expect(hosts("dsts.emulator.localhost")).toEqual({ kind: "dsts" });
    expect(hosts("westus3.mtlsauth.emulator.localhost")).toEqual({ kind: "mtlsauth", region: "westus3" });
    expect(hosts("westus3.login.emulator.localhost")).toEqual({ kind: "login", region: "westus3" });
  });

  it.each([
    "emulator.localhost",
    "a.b.mtlsauth.emulator.localhost",
    "west-us.mtlsauth.emulator.localhost",
    "westus3.dsts.emulator.localhost",
  ])("does not know %s", (name) => expect(hosts(name)).toBeUndefined());

  it("knows the clouds only when asked to", () => {
    expect(hosts("mtlsauth.microsoft.com")).toBeUndefined();
    const clouds = entraHosts({ clouds: true });
    expect(clouds("login.usgovcloudapi.net")).toEqual({ kind: "login" });
    expect(clouds("westus3.login.microsoft.com")).toEqual({ kind: "login", region: "westus3" });
    expect(clouds("francecentral.mtlsauth.sovcloud-identity.fr")).toEqual({ kind: "mtlsauth", region: "francecentral" });
    expect(clouds("sts.windows.net")).toBeUndefined();
  });

  it("knows the regions that it was given and no others", () => {
    const regional = entraHosts({ regions: ["westus3"] });
    expect(regional("westus3.mtlsauth.emulator.localhost")).toBeDefined();
    expect(regional("eastus.mtlsauth.emulator.localhost")).toBeUndefined();
    expect(regional("mtlsauth.emulator.localhost")).toBeDefined();
  });
});
