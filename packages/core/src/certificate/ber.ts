/** Deeper than any real file nests; a crafted one must not exhaust the stack. */
const MAX_DEPTH = 24;

/** Identifier octets that key files use (X.690 section 8.1.2). */
export const TAG = { integer: 0x02, octetString: 0x04, null: 0x05, oid: 0x06, sequence: 0x30, set: 0x31, explicit0: 0xa0 } as const;

/** One element: its identifier octet, its contents, and both with the length between them. */
export interface BerElement {
  readonly tag: number;
  readonly contents: Buffer;
  readonly raw: Buffer;
}

/** Input that is not BER, or not what was expected there; the readers of whole files turn it into an error that names the file. */
export class MalformedBer extends Error {
  override readonly name = "MalformedBer";
}

/**
 * Reads the element at the start of `bytes`. Indefinite lengths are taken too: the macOS keychain exports PFX files with them.
 *
 * @throws {MalformedBer}
 * @see X.690 section 8.1
 */
export function readElement(bytes: Buffer, depth = 0): BerElement {
  if (depth > MAX_DEPTH) throw new MalformedBer(`more than ${MAX_DEPTH} elements are nested`);
  const tag = bytes[0];
  const length = bytes[1];
  if (tag === undefined || length === undefined) throw new MalformedBer("the data ends in the middle of an element");
  if ((tag & 0x1f) === 0x1f) throw new MalformedBer("a tag is longer than one octet");
  if (length === 0x80) return readIndefinite(bytes, tag, depth);
  const lengthOctets = length > 0x80 ? length - 0x80 : 0;
  if (lengthOctets > 4 || bytes.length < 2 + lengthOctets) throw new MalformedBer("a length cannot be read");
  const start = 2 + lengthOctets;
  const end = start + (lengthOctets === 0 ? length : bytes.readUIntBE(2, lengthOctets));
  if (end > bytes.length) throw new MalformedBer(`an element says it ends at octet ${end}, but the data ends at ${bytes.length}`);
  return { tag, contents: bytes.subarray(start, end), raw: bytes.subarray(0, end) };
}

function readIndefinite(bytes: Buffer, tag: number, depth: number): BerElement {
  if (!isConstructed(tag)) throw new MalformedBer("an element without length holds no elements");
  let offset = 2;
  while (bytes[offset] !== 0 || bytes[offset + 1] !== 0) {
    offset += readElement(bytes.subarray(offset), depth + 1).raw.length;
  }
  return { tag, contents: bytes.subarray(2, offset), raw: bytes.subarray(0, offset + 2) };
}

/** The elements inside a constructed one. */
export function childrenOf({ tag, contents }: BerElement): BerElement[] {
  if (!isConstructed(tag)) throw new MalformedBer("an element that should hold others holds none");
  const children: BerElement[] = [];
  for (let offset = 0; offset < contents.length; ) {
    const child = readElement(contents.subarray(offset));
    children.push(child);
    offset += child.raw.length;
  }
  return children;
}

/** The element, when it is there and has the tag. */
export function expect(element: BerElement | undefined, tag: number, what: string): BerElement {
  if (element?.tag !== tag) throw new MalformedBer(`${what} is missing or of another type`);
  return element;
}

/** The octets of an OCTET STRING, in one piece or, as BER allows, in several. */
export function octetsOf(element: BerElement, depth = 0): Buffer {
  if (!isConstructed(element.tag)) return element.contents;
  if (depth > MAX_DEPTH) throw new MalformedBer(`more than ${MAX_DEPTH} elements are nested`);
  return Buffer.concat(childrenOf(element).map((piece) => octetsOf(piece, depth + 1)));
}

/** A non-negative INTEGER that fits a JavaScript number. */
export function integerOf(element: BerElement | undefined, what: string): number {
  const { contents } = expect(element, TAG.integer, what);
  if (contents.length === 0 || contents.length > 6 || (contents[0] ?? 0) >= 0x80) throw new MalformedBer(`${what} is out of range`);
  return contents.readUIntBE(0, contents.length);
}

/** An OBJECT IDENTIFIER in dotted form. */
export function oidOf(element: BerElement | undefined, what: string): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of expect(element, TAG.oid, what).contents) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const first = Math.min(2, Math.floor((arcs[0] ?? 0) / 40));
  return [first, (arcs[0] ?? 0) - first * 40, ...arcs.slice(1)].join(".");
}

function isConstructed(tag: number): boolean {
  return (tag & 0x20) !== 0;
}
