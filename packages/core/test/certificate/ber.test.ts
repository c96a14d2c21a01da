import { describe, expect, it } from "vitest";
import {
  childrenOf,
  expect as expectElement,
  integerOf,
  MalformedBer,
  octetsOf,
  oidOf,
  readElement,
  TAG,
} from "../../src/certificate/ber.js";

const element = (hex: string) => readElement(Buffer.from(hex, "hex"));

describe("a BER element", () => {
  it("is read with a short, a long and an indefinite length", () => {
    expect(element("0403616263").contents.toString()).toBe("abc");
    expect(element(`048180${"61".repeat(128)}`).contents).toHaveLength(128);
    expect(childrenOf(element("3080020101020102000002")).map((child) => integerOf(child, "it"))).toEqual([1, 2]);
  });

  it("is refused where it nests deeper than any file, before the stack is used up", () => {
    const nested = (depth: number) => `${"3080".repeat(depth)}${"0000".repeat(depth)}`;
    expect(element(nested(24)).contents).toHaveLength(92);
    for (const depth of [26, 100_000]) expect(() => element(nested(depth))).toThrow(MalformedBer);
    // an OCTET STRING in pieces of pieces
    const pieces = Array.from({ length: 40 }).reduce<Buffer>(
      (inner) => {
        return Buffer.concat([Buffer.from([0x24, 0x82, inner.length >> 8, inner.length & 0xff]), inner]);
      },
      Buffer.from("040161", "hex"),
    );
    expect(() => octetsOf(readElement(pieces))).toThrow(MalformedBer);
  });

  it("knows where it ends, whatever follows", () => {
    expect(element("0401610401").raw.toString("hex")).toBe("040161");
    expect(element("308004016100000401").raw.toString("hex")).toBe("30800401610000");
  });

  it("gives the octets of a string in pieces as one", () => {
    expect(octetsOf(element("24800401612403040162040163" + "0000")).toString()).toBe("abc");
  });

  it("gives object identifiers in dotted form", () => {
    expect(oidOf(element("06092a864886f70d010701"), "it")).toBe("1.2.840.113549.1.7.1");
    expect(oidOf(element("0609608648016503040201"), "it")).toBe("2.16.840.1.101.3.4.2.1");
    expect(oidOf(element("06032a0304"), "it")).toBe("1.2.3.4");
  });

  it.each([
    ["nothing", ""],
    ["a tag alone", "30"],
    ["a length that leads outside", "300502"],
    ["a length that is cut off", "3082"],
    ["a length of five octets", "30850000000001"],
    ["a tag of several octets", "1f8101"],
    ["an element without length that is not closed", "3080020101"],
    ["a simple element without length", "0480"],
    ["more levels than any file has", "3080".repeat(100)],
  ])("is refused as %s", (_, hex) => {
    expect(() => element(hex)).toThrow(MalformedBer);
  });

  it("is refused where another type, or a number out of range, stands", () => {
    expect(() => expectElement(element("020101"), TAG.sequence, "the list")).toThrow("the list is missing or of another type");
    expect(() => expectElement(undefined, TAG.sequence, "the list")).toThrow(MalformedBer);
    expect(() => childrenOf(element("0400"))).toThrow(MalformedBer);
    for (const hex of ["0200", "0201ff", "020700ffffffffffff"]) expect(() => integerOf(element(hex), "it")).toThrow("it is out of range");
  });
});
