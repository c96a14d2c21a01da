import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The part of `host.json` that this host follows; everything else in it is left alone. */
export interface HostJson {
  readonly extensions?: {
    readonly http?: {
      /** What stands in front of every route. @default "api" */
      readonly routePrefix?: string;
    };
  };
  readonly [section: string]: unknown;
}

/**
 * Reads an app's `host.json`; an app without one has the defaults.
 *
 * @throws Error when the file is not JSON
 */
export async function readHostJson(appRoot: string): Promise<HostJson> {
  const text = await readFile(join(appRoot, "host.json"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}";
    throw error;
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error("host.json is not valid JSON.", { cause });
  }
}

/** The prefix of every route, checked. */
export function routePrefixOf(hostJson: HostJson): string {
  const prefix: unknown = hostJson.extensions?.http?.routePrefix ?? "api";
  if (typeof prefix !== "string") throw new Error("extensions.http.routePrefix in host.json must be a string.");
  return prefix;
}
