import { preprovision } from "./src/preprovision.js";
import { runHook } from "./src/run-hook.js";

await runHook("preprovision", preprovision);
