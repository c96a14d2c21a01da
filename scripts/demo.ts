// Plays a flow from certificate to secret, and the theft of its token, on the emulator. Exits 0 only if all of it was true.
import { Narrator } from "./demo/narrator.js";
import { runCommand } from "./demo/run-command.js";
import { stopSignal } from "./demo/stop-signal.js";

process.exitCode = await runCommand(process.argv.slice(2), {
  narrator: new Narrator(process.stdout),
  complain: (text) => process.stderr.write(text),
  stop: stopSignal(),
});
