import { writeSync } from "node:fs";
import type { Surroundings } from "../surroundings.js";

/** What a cold program is told. */
export const surroundings = JSON.parse(process.argv[2] ?? "") as Surroundings;

/** Says what the resource answered, which stops the clock, and ends the process with all its connections. */
export function finish(status: number, body: string): never {
  writeSync(1, status === 200 && body.startsWith("{") ? "resource read" : `status ${status}: ${body}`);
  process.exit();
}
