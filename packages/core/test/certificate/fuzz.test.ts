import { createPrivateKey } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { isMtlsPopError } from "../../src/errors.js";
import { fixture, type IssuedCertificate, issue, PASSPHRASE } from "./authority.js";

let issued: IssuedCertificate;

beforeAll(async () => {
  issued = await issue({ intermediate: true });
});

/** Marsaglia's xorshift: the same numbers from the same seed, so that a failure can be had again. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Cuts, flips, doubles, overwrites or swaps octets. */
function damage(original: Buffer, random: (below: number) => number): Buffer {
  const bytes = Buffer.from(original);
  const at = random(bytes.length);
  switch (random(5)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(bytes.length))]);
    case 2:
      return bytes.fill(random(256), at, Math.min(at + random(40), bytes.length));
    case 3:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return bytes;
    default:
      for (let count = random(20) + 1; count > 0; count--) bytes[random(bytes.length)] = random(256);
      return bytes;
  }
}

/** Damaged input is refused with an error of ours, or was not damaged where it counts. */
async function outcome(attempt: () => Promise<BindingCertificate>, seed: number): Promise<void> {
  try {
    expect(await attempt()).toBeInstanceOf(BindingCertificate);
  } catch (error) {
    expect(isMtlsPopError(error), `seed ${seed}: ${error}`).toBe(true);
  }
}

describe("input that is damaged", () => {
  it("comes out of fromPem as an MtlsPopError", { timeout: 60_000 }, async () => {
    const key = createPrivateKey(issued.privateKeyPem);
    const encryption = { format: "pem", cipher: "aes-256-cbc", passphrase: PASSPHRASE } as const;
    const originals = [
      issued.chainPem + issued.privateKeyPem,
      issued.certificatePem + key.export({ type: "pkcs8", ...encryption }),
      issued.certificatePem + key.export({ type: "sec1", ...encryption }),
      fixture("scrypt-p256.pem").toString(),
    ].map((pem) => Buffer.from(pem));
    for (let seed = 1; seed <= 1200; seed++) {
      const random = randomFrom(seed * 7919);
      const original = originals[seed % originals.length] ?? Buffer.alloc(0);
      await outcome(() => BindingCertificate.fromPem(damage(original, random), { passphrase: PASSPHRASE }), seed);
    }
  });

  it("comes out of fromPem as an MtlsPopError when the armour is whole and the DER inside is not", { timeout: 60_000 }, async () => {
    const blocks = [
      ["CERTIFICATE", issued.certificateDer],
      ["PRIVATE KEY", createPrivateKey(issued.privateKeyPem).export({ type: "pkcs8", format: "der" })],
      ["ENCRYPTED PRIVATE KEY", encryptedKeyDer()],
    ] as const;
    for (let seed = 1; seed <= 1200; seed++) {
      const random = randomFrom(seed * 104_729);
      const [label, der] = blocks[seed % blocks.length] ?? blocks[0];
      const block = `-----BEGIN ${label}-----\n${damage(der, random).toString("base64")}\n-----END ${label}-----\n`;
      const [pem, key] = label === "CERTIFICATE" ? [block, issued.privateKeyPem] : [issued.certificatePem, block];
      await outcome(() => BindingCertificate.fromPem(pem, { key, passphrase: PASSPHRASE }), seed);
    }
  });

  it("comes out of fromPfx as an MtlsPopError", { timeout: 60_000 }, async () => {
    const originals = ["aes256-p256.pfx", "aes256-p256-no-mac.pfx", "3des-p384.pfx", "rc2-40-p256.pfx", "rc4-p256.pfx"].map(fixture);
    for (let seed = 1; seed <= 1500; seed++) {
      const random = randomFrom(seed * 15_485_863);
      const original = originals[seed % originals.length] ?? Buffer.alloc(0);
      await outcome(() => BindingCertificate.fromPfx(damage(original, random), { passphrase: PASSPHRASE }), seed);
    }
  });

  it("is noise, through both doors", async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomFrom(seed);
      const noise = Buffer.from(Array.from({ length: random(2000) }, () => random(256)));
      const like = Buffer.concat([Buffer.from("3082", "hex"), Buffer.of(noise.length >> 8, noise.length & 0xff), noise]);
      for (const bytes of [noise, like, Buffer.concat([Buffer.from("30820800020103", "hex"), like])]) {
        await outcome(() => BindingCertificate.fromPem(bytes), seed);
        await outcome(() => BindingCertificate.fromPfx(bytes), seed);
      }
    }
  });

  it("is a megabyte of openings that never close", async () => {
    for (const piece of ["-----BEGIN A-----\n", "-----BEGIN ", "A:\n", "\u0030\u0080", "$\u0080"]) {
      const bytes = Buffer.from(piece.repeat(1_000_000 / piece.length), "latin1");
      await outcome(() => BindingCertificate.fromPem(bytes), 0);
      await outcome(() => BindingCertificate.fromPfx(Buffer.concat([Buffer.from("3080020103", "hex"), bytes])), 0);
    }
  });
});

function encryptedKeyDer(): Buffer {
  return createPrivateKey(issued.privateKeyPem).export({ type: "pkcs8", format: "der", cipher: "aes-256-cbc", passphrase: PASSPHRASE });
}
