import { describe, expect, it } from "vitest";
import { isKnownAuthority } from "../../src/authority/known-authorities.js";
import { thrown } from "../thrown.js";

const known = (url: string, ...entries: string[]) => isKnownAuthority(new URL(url), entries);

describe("isKnownAuthority", () => {
  it("vouches for nobody when it is empty", () => {
    expect(known("https://login.contoso.example")).toBe(false);
  });

  it.each([
    "login.contoso.example",
    "LOGIN.Contoso.example",
    " login.contoso.example ",
    "https://login.contoso.example",
    "https://login.contoso.example/",
  ])("vouches with %j for that host on every port, and for no other", (entry) => {
    expect(known("https://login.contoso.example/tenant", "other.example", entry)).toBe(true);
    expect(known("https://login.contoso.example:8443", entry)).toBe(true);
    for (const other of ["a.login.contoso.example", "login.contoso.example.evil.example", "contoso.example", "login.contoso.example."]) {
      expect(known(`https://${other}`, entry)).toBe(false);
    }
  });

  it("vouches for one port alone when the entry has one", () => {
    expect(known("https://login.contoso.example:8443", "login.contoso.example:8443")).toBe(true);
    expect(known("https://login.contoso.example", "login.contoso.example:8443")).toBe(false);
    expect(known("https://login.contoso.example", "login.contoso.example:443")).toBe(true);
    expect(known("https://login.contoso.example:8443", "login.contoso.example:443")).toBe(false);
  });

  it("takes addresses", () => {
    expect(known("https://127.0.0.1:8443", "127.0.0.1")).toBe(true);
    expect(known("https://[::1]:8443", "[::1]:8443")).toBe(true);
  });

  it.each([
    "",
    "*.contoso.example",
    "*",
    "http://login.contoso.example",
    "https://login.contoso.example/tenant",
    "user@login.contoso.example",
    "login.contoso.example:99999999",
    "login contoso",
    "login.\u0441ontoso.example",
    "login.contoso.example#",
    "login.contoso.example\\@evil.example",
  ])("refuses the entry %j", (entry) => {
    expect(thrown(() => known("https://login.contoso.example", entry))).toMatchObject({
      code: "invalid_options",
      help: expect.stringContaining("no wildcard"),
    });
  });
});
