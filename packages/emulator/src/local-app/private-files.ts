import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Files that nobody but their user reads, in a folder of theirs. */
export interface PrivateFiles {
  /** Absolute. */
  readonly directory: string;
  /** Writes or replaces a file, mode 0600; returns its absolute path. */
  write(name: string, content: string): Promise<string>;
  /** Removes the files that were written, and the folder when it is a temporary one. Safe to call again. */
  remove(): Promise<void>;
}

/**
 * Opens a folder for private files.
 *
 * @param directory made when it is not there. @default a new temporary folder
 */
export async function openPrivateFiles(directory?: string): Promise<PrivateFiles> {
  const folder = directory === undefined ? await mkdtemp(join(tmpdir(), "mtls-pop-emulator-")) : resolve(directory);
  if (directory !== undefined) await mkdir(folder, { recursive: true, mode: 0o700 });
  const written = new Set<string>();
  return {
    directory: folder,
    write: async (name, content) => {
      const path = join(folder, name);
      // made anew and moved there: a file or link that stands there would keep its mode and its target
      const draft = `${path}.${randomUUID()}`;
      written.add(draft);
      await writeFile(draft, content, { mode: 0o600, flag: "wx" });
      await rename(draft, path);
      written.delete(draft);
      written.add(path);
      return path;
    },
    remove: async () => {
      if (directory === undefined) await rm(folder, { recursive: true, force: true });
      else await Promise.all([...written].map((path) => rm(path, { force: true })));
    },
  };
}
