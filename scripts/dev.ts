// Keeps the emulator and the sample running until Ctrl-C, and prints how to call them.

import { keepRunning } from "./demo/keep-running.js";
import { Narrator } from "./demo/narrator.js";
import { stopSignal } from "./demo/stop-signal.js";

process.exitCode = await keepRunning(new Narrator(process.stdout), stopSignal());
