/** Aborted by Ctrl-C and by whatever else ends a program politely; the program then ends by itself, so nothing is left behind. */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => stopping.abort(new Error(`Stopped by ${name}.`)));
  }
  return stopping.signal;
}
