// Plays the direct flow from certificate to secret, and the theft of its token, on the emulator. Exits 0 only if all of it was true.
import { Narrator } from "./demo/narrator.js";
import { runDemo } from "./demo/run-demo.js";
import { stopSignal } from "./demo/stop-signal.js";

process.exitCode = await runDemo(new Narrator(process.stdout), { stop: stopSignal() });
