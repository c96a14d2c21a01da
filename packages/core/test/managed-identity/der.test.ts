import { describe, expect, it } from "vitest";
import { childrenOf, integerOf, oidOf, readElement } from "../../src/certificate/ber.js";
import {
  bitString,
  context,
  derNull,
  ia5String,
  integer,
  objectIdentifier,
  sequence,
  setOf,
  utf8String,
} from "../../src/managed-identity/der.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("DER", () => {
  it("writes each kind of element with its own identifier", () => {
    expect(hex(integer(32))).toBe("020120");
    expect(hex(derNull())).toBe("0500");
    expect(hex(bitString(Buffer.from("ab", "hex")))).toBe("030200ab");
    expect(hex(utf8String("é"))).toBe("0c02c3a9");
    expect(hex(ia5String("a.b"))).toBe("1603612e62");
    expect(hex(sequence(derNull(), integer(0)))).toBe("30050500020100");
    expect(hex(setOf(derNull()))).toBe("31020500");
    expect(hex(context(2, integer(32)))).toBe("a203020120");
  });

  it.each([
    [0, "00"],
    [127, "7f"],
    [128, "8180"],
    [255, "81ff"],
    [256, "820100"],
    [65_536, "83010000"],
  ])("writes a length of %i octets in as few octets as it takes", (length, octets) => {
    const written = utf8String("x".repeat(length));
    expect(hex(written.subarray(1, 1 + octets.length / 2))).toBe(octets);
    expect(readElement(written).contents).toHaveLength(length);
  });

  it.each([
    ["1.2.840.113549.1.1.10", "06092a864886f70d01010a"],
    ["2.5.4.3", "0603550403"],
    ["0.9.2342.19200300.100.1.25", "060a0992268993f22c640119"],
    ["1.3.6.1.4.1.311.90.2.10", "060a2b060104018237" + "5a020a"],
    ["2.16.840.1.101.3.4.2.1", "0609608648016503040201"],
  ])("writes the object identifier %s", (dotted, expected) => {
    expect(hex(objectIdentifier(dotted))).toBe(expected);
    expect(oidOf(readElement(objectIdentifier(dotted)), "it")).toBe(dotted);
  });

  it("is read again as it was written", () => {
    const [first, second] = childrenOf(readElement(sequence(integer(7), setOf(utf8String("text")))));
    expect(integerOf(first, "it")).toBe(7);
    expect(second && childrenOf(second)[0]?.contents.toString()).toBe("text");
  });
});
