/** Identifier octets of what a certificate request is made of (X.690 section 8.1.2). */
const TAG = {
  integer: 0x02,
  bitString: 0x03,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  ia5String: 0x16,
  sequence: 0x30,
  set: 0x31,
  /** Constructed, of the context; the number is added. */
  context: 0xa0,
} as const;

/**
 * One DER element: identifier, length in its shortest form, contents.
 *
 * @see X.690 sections 8.1 and 10.1
 */
function element(tag: number, contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(length)]), ...contents]);
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 + octets.length, ...octets];
}

export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return element(TAG.sequence, contents);
}

/** A SET of one: DER would have more of them sorted. */
export function setOf(only: Uint8Array): Buffer {
  return element(TAG.set, [only]);
}

/** `[number]`, constructed: EXPLICIT around an element, or IMPLICIT in place of a SET's own identifier. */
export function context(number: number, ...contents: readonly Uint8Array[]): Buffer {
  return element(TAG.context + number, contents);
}

/** @param value 0 to 127, which fits one octet */
export function integer(value: number): Buffer {
  return element(TAG.integer, [Buffer.from([value])]);
}

export function derNull(): Buffer {
  return element(TAG.null, []);
}

/** Whole octets, so that no bit at the end is unused. */
export function bitString(octets: Uint8Array): Buffer {
  return element(TAG.bitString, [Buffer.from([0]), octets]);
}

export function utf8String(text: string): Buffer {
  return element(TAG.utf8String, [Buffer.from(text, "utf8")]);
}

/** @param text in ASCII */
export function ia5String(text: string): Buffer {
  return element(TAG.ia5String, [Buffer.from(text, "ascii")]);
}

/**
 * An OBJECT IDENTIFIER.
 *
 * @param dotted such as `1.2.840.113549.1.1.10`
 * @see X.690 section 8.19
 */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...arcs] = dotted.split(".").map(Number);
  return element(TAG.oid, [Buffer.from([first * 40 + second, ...arcs].flatMap(arcOctets))]);
}

/** Base 128, most significant first; every octet but the last has its high bit set. */
function arcOctets(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift(0x80 + (rest % 128));
  return octets;
}
