import { createHook } from "node:async_hooks";
import { setImmediate } from "node:timers/promises";

/** The timers that `run` started, and those of them that were still running after it. */
export async function timersOf(run: () => Promise<unknown>): Promise<{ started: number; left: number }> {
  const running = new Set<number>();
  let started = 0;
  const hook = createHook({
    init(id, type) {
      if (type !== "Timeout") return;
      started++;
      running.add(id);
    },
    destroy: (id) => running.delete(id),
  }).enable();
  await run();
  await setImmediate();
  hook.disable();
  return { started, left: running.size };
}
