import { hash } from "node:crypto";

/** What a derived key is for; RFC 7292 appendix B.3. */
export const PURPOSE = { encryptionKey: 1, initializationVector: 2, macKey: 3 } as const;

/** Digest and block size in octets of the hashes that PFX files are made with. */
const HASHES = {
  sha1: { size: 20, block: 64 },
  sha224: { size: 28, block: 64 },
  sha256: { size: 32, block: 64 },
  sha384: { size: 48, block: 128 },
  sha512: { size: 64, block: 128 },
} as const;

export type Pkcs12Hash = keyof typeof HASHES;

/** Octets of a hash's digest, which is also the length of its MAC key. */
export function digestSizeOf(hash: Pkcs12Hash): number {
  return HASHES[hash].size;
}

export interface Pkcs12KdfInput {
  readonly hash: Pkcs12Hash;
  /** The passphrase as a BMPString with its terminator; no octets at all for "no passphrase". */
  readonly password: Buffer;
  readonly salt: Buffer;
  readonly iterations: number;
}

/**
 * Derives a key, an initialization vector or a MAC key from a PFX's passphrase. `node:crypto` has no door to OpenSSL's own.
 *
 * @param length octets wanted
 * @see RFC 7292 appendix B.2
 */
export function deriveByPkcs12(input: Pkcs12KdfInput, purpose: (typeof PURPOSE)[keyof typeof PURPOSE], length: number): Buffer {
  const { size, block } = HASHES[input.hash];
  const diversifier = Buffer.alloc(block, purpose);
  const state = Buffer.concat([repeatToBlocks(input.salt, block), repeatToBlocks(input.password, block)]);
  const derived: Buffer[] = [];
  for (let octets = 0; octets < length; octets += size) {
    let digest: Buffer = Buffer.concat([diversifier, state]);
    for (let round = 0; round < input.iterations; round++) digest = hash(input.hash, digest, "buffer");
    derived.push(digest);
    const increment = Buffer.alloc(block, digest);
    for (let offset = 0; offset < state.length; offset += block) addPlusOne(state.subarray(offset, offset + block), increment);
  }
  return Buffer.concat(derived).subarray(0, length);
}

function repeatToBlocks(octets: Buffer, block: number): Buffer {
  return octets.length === 0 ? octets : Buffer.alloc(block * Math.ceil(octets.length / block), octets);
}

/** `target = target + increment + 1`, both big-endian, the carry out of the top dropped. */
function addPlusOne(target: Buffer, increment: Buffer): void {
  let carry = 1;
  for (let index = target.length - 1; index >= 0; index--) {
    carry += (target[index] ?? 0) + (increment[index] ?? 0);
    target[index] = carry & 0xff;
    carry >>= 8;
  }
}
