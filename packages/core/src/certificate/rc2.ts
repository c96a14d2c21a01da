/**
 * Decrypts RC2-CBC, which older Windows and OpenSSL versions put around the certificates of a PFX and which OpenSSL 3 no longer does.
 *
 * @returns the plaintext without padding; `undefined` when the padding is wrong
 * @see RFC 2268
 */
export async function decryptRc2Cbc(key: Buffer, iv: Buffer, ciphertext: Buffer): Promise<Buffer | undefined> {
  const [{ default: rc2 }, { default: util }] = await Promise.all([import("node-forge/lib/rc2.js"), import("node-forge/lib/util.js")]);
  const cipher = rc2.createDecryptionCipher(util.createBuffer(key), key.length * 8);
  cipher.start(util.createBuffer(iv));
  cipher.update(util.createBuffer(ciphertext));
  return cipher.finish() ? Buffer.from(cipher.output.getBytes(), "latin1") : undefined;
}
