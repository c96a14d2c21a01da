// @types/node-forge describes the whole library, whose import costs 41 ms; these are the two files of it that RC2 needs (4 ms)

declare module "node-forge/lib/util.js" {
  export interface ForgeBuffer {
    getBytes(): string;
  }
  const util: { createBuffer(octets: Uint8Array): ForgeBuffer };
  export default util;
}

declare module "node-forge/lib/rc2.js" {
  import type { ForgeBuffer } from "node-forge/lib/util.js";

  const rc2: {
    createDecryptionCipher(
      key: ForgeBuffer,
      effectiveKeyBits: number,
    ): { readonly output: ForgeBuffer; start(iv: ForgeBuffer): void; update(input: ForgeBuffer): void; finish(): boolean };
  };
  export default rc2;
}
