import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";

/** What the figures depend on, and nothing that tells whose machine it is. */
export function machine(): string {
  const model = cpus()[0]?.model.replaceAll(/\s+/g, " ").trim() || process.arch;
  const system = `${type()} ${/^\d+\.\d+/.exec(release())?.[0] ?? ""}`.trim();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `Node.js ${process.versions.node} · ${system} ${process.arch} · ${model}, ${availableParallelism()} cores, ${memory}`;
}

/** The processes that wanted to run in the last minute, on average. */
export function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}
