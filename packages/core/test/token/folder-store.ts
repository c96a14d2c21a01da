import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { TokenStore } from "../../src/token/token-store.js";

/** A folder as the store of the processes of one machine: a file for each token, and a folder as the lock of each. */
export class FolderStore implements TokenStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(key: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.#folder, key), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async write(key: string, value: string): Promise<void> {
    const file = join(this.#folder, key);
    await writeFile(`${file}.${process.pid}`, value, { mode: 0o600 });
    await rename(`${file}.${process.pid}`, file);
  }

  async exclusively<T>(key: string, work: () => Promise<T>): Promise<T> {
    const lock = join(this.#folder, `${key}.lock`);
    while (!(await taken(lock))) await pause(5);
    try {
      return await work();
    } finally {
      await rm(lock, { recursive: true });
    }
  }
}

async function taken(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
