// runs one contender: does what a message says and answers with a message
import { Bench } from "tinybench";
import type { Operation, Prepare } from "./operation.js";
import type { Measured, Measurement, Task } from "./task.js";

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
