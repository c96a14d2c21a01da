import { describe, expect, it } from "vitest";
import { CLOUDS, cloudOf } from "../../src/authority/clouds.js";

describe("clouds", () => {
  it("finds a cloud by each of its login hosts", () => {
    for (const cloud of CLOUDS) for (const host of cloud.hosts) expect(cloudOf(host)).toBe(cloud);
  });

  it("lists no host twice", () => {
    const hosts = CLOUDS.flatMap((cloud) => cloud.hosts);
    expect(new Set(hosts).size).toBe(hosts.length);
  });

  it("derives each mTLS host from the cloud's regional login host", () => {
    for (const { mtlsHost, regionalLoginHost } of CLOUDS) expect(mtlsHost).toBe(regionalLoginHost.replace(/^login\./, "mtlsauth."));
  });

  it.each(["login.evil.example", "constructor", "", "login.microsoftonline.com.", "mtlsauth.microsoft.com"])(
    "knows no cloud of %j",
    (host) => {
      expect(cloudOf(host)).toBeUndefined();
    },
  );
});
