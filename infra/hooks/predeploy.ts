import { buildBundle } from "./src/bundle.js";
import { runHook } from "./src/run-hook.js";

await runHook("predeploy", buildBundle);
