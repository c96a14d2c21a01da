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
