import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { MtlsPopError } from "../errors.js";
import type { BindingCertificate } from "./binding-certificate.js";
import { certificateFromContent } from "./certificate-content.js";
import { read, versionOf } from "./file-content.js";

/** What a folder has. */
interface FolderContent {
  readonly certificates: readonly BindingCertificate[];
  readonly failures: readonly unknown[];
}

interface LoadedFile {
  readonly version: string;
  readonly certificate: BindingCertificate;
}

/** `.p12` on Linux, `.pfx` on Windows. */
const EXTENSIONS: ReadonlySet<string> = new Set([".p12", ".pfx"]);

/** A folder with PFX files that need no password. A file that has not changed keeps its certificate, and with it its connections. */
export class CertificateFolder {
  readonly path: string;
  readonly #now: () => number;
  #files: ReadonlyMap<string, LoadedFile> = new Map();

  constructor(path: string, now: () => number) {
    this.path = path;
    this.#now = now;
  }

  /**
   * Loads what is valid now.
   *
   * @param named the only file to be loaded, without its extension and in any case; without it all are
   * @throws {MtlsPopError} `certificate_not_found` when there is no such folder
   */
  async load(named?: string): Promise<FolderContent> {
    const names = (await this.#names()).filter((name) => named === undefined || stem(name) === named.toUpperCase());
    const files = new Map<string, LoadedFile>();
    const failures: unknown[] = [];
    for (const name of names) {
      try {
        files.set(name, await this.#loadFile(name));
      } catch (error) {
        failures.push(error);
      }
    }
    this.#files = files;
    return { certificates: [...files.values()].map(({ certificate }) => certificate), failures };
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.path)).filter((name) => EXTENSIONS.has(extname(name).toLowerCase())).sort();
    } catch (cause) {
      throw new MtlsPopError("certificate_not_found", `App Service has put no certificates into "${this.path}", which cannot be read.`, {
        cause,
        help: "Upload the certificate to the app, and name its thumbprint in WEBSITE_LOAD_CERTIFICATES, or * for all.",
      });
    }
  }

  async #loadFile(name: string): Promise<LoadedFile> {
    const path = join(this.path, name);
    const version = await versionOf(path);
    const known = this.#files.get(name);
    if (known?.version === version) {
      known.certificate.assertValidAt(new Date(this.#now()));
      return known;
    }
    const certificate = await certificateFromContent(`The certificate file "${path}"`, await read(path), { now: this.#now });
    // touched and nothing more
    const isSame = known?.certificate.x5c.join() === certificate.x5c.join();
    return { version, certificate: known && isSame ? known.certificate : certificate };
  }
}

function stem(name: string): string {
  return name.slice(0, -extname(name).length).toUpperCase();
}
