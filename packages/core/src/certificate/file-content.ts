import { readFile, stat } from "node:fs/promises";
import { MtlsPopError } from "../errors.js";

/** No certificate with its chain and key comes near it; a mistaken path does. */
const MAX_FILE_OCTETS = 1024 * 1024;

/**
 * Changes when the file is written, replaced, given other rights, or when a link on the way to it is swapped.
 *
 * @throws {MtlsPopError} `certificate_unreadable`
 */
export async function versionOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(":");
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * The octets of a certificate's file.
 *
 * @throws {MtlsPopError} `certificate_unreadable`
 */
export async function read(path: string): Promise<Buffer> {
  try {
    const facts = await stat(path);
    if (facts.isFile() && facts.size <= MAX_FILE_OCTETS) return await readFile(path);
    throw new Error(facts.isFile() ? `it has ${facts.size} octets, too many for a certificate` : "it is not a regular file");
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): MtlsPopError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MtlsPopError("certificate_unreadable", `The certificate file "${path}" cannot be read: ${reason}.`, {
    cause,
    help: "Check the path, and that this process may read the file.",
  });
}
