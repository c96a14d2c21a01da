/**
 * Where the toolkit reports what it does: `console`, a Functions `InvocationContext` and most loggers fit as they are.
 * Messages never hold a token, key, assertion or passphrase.
 */
export interface Logger {
  debug?(message: string): void;
  info?(message: string): void;
  warn?(message: string): void;
  error?(message: string): void;
}

/** Passes a message on. A logger that fails, now or later, is no reason for a token to fail, nor for the process to end. */
export function tell(logger: Logger | undefined, level: keyof Logger, message: string): void {
  try {
    // an async function is a logger too, whatever its type says
    const said: unknown = logger?.[level]?.(message);
    if (said instanceof Promise) said.catch(() => undefined);
  } catch {
    // there is nobody left to tell
  }
}
