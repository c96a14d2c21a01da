import { postprovision } from "./src/postprovision.js";
import { runHook } from "./src/run-hook.js";

await runHook("postprovision", postprovision);
