import { runCli } from "./cli/run-cli.js";

const stopping = new AbortController();
// from the beginning, so that a stop while it starts leaves no key file behind; a second signal ends the process at once
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stopping.abort());

void runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
  stop: stopping.signal,
}).then((exitCode) => {
  process.exitCode = exitCode;
});
