// runs one contender: does what a message says and answers with a message
import { Bench } from "tinybench";
import type { Surroundings } from "../surroundings.js";
import type { Operation, Prepare } from "./operation.js";

/** What the parent may ask for. */
export type Task =
  | { readonly task: "prepare"; readonly surroundings: Surroundings }
  /** Calls that find nothing cached, one per index, all at once. */
  | { readonly task: "burst"; readonly indices: readonly number[] }
  | { readonly task: "measure"; readonly measurement: Measurement };

export interface Measurement {
  /** Calls go round the indices below this. */
  readonly spread: number;
  /** Calls that are under way at any time. */
  readonly lanes: number;
  /** Calls of each lane in one sample. */
  readonly callsPerLane: number;
  readonly timeMs: number;
}

/** What a measurement shows. */
export interface Measured {
  readonly perSecond: number;
  /** Processor time of this process alone, in microseconds. */
  readonly cpuPerCallUs: number;
}

let operation: Operation | undefined;

async function perform(message: Task): Promise<object> {
  if (message.task === "prepare") {
    const { prepare } = (await import(process.argv[2] ?? "")) as { prepare: Prepare };
    operation = await prepare(message.surroundings);
    return {};
  }
  const call = operation;
  if (!call) throw new Error("Not prepared.");
  if (message.task === "measure") return measure(call, message.measurement);
  await Promise.all(message.indices.map(call));
  return {};
}

async function measure(call: Operation, { spread, lanes, callsPerLane, timeMs }: Measurement): Promise<Measured> {
  let next = 0;
  let calls = 0;
  const lane = async (): Promise<void> => {
    for (let left = callsPerLane; left > 0; left--) {
      next = next + 1 < spread ? next + 1 : 0;
      calls++;
      await call(next);
    }
  };
  const bench = new Bench({ time: timeMs, iterations: 3, warmupTime: timeMs / 4, warmupIterations: 1, throws: true });
  bench.add("sample", () => Promise.all(Array.from({ length: lanes }, lane)));
  const before = process.cpuUsage();
  const [task] = await bench.run();
  const { user, system } = process.cpuUsage(before);
  const result = task?.result;
  if (!result || !("latency" in result)) throw new Error(`The measurement ended as "${result?.state}".`);
  return { perSecond: (lanes * callsPerLane * 1000) / result.latency.p50, cpuPerCallUs: (user + system) / calls };
}

process.on("message", async (message: Task) => {
  process.send?.(await perform(message));
});
