/** Why a hook stops: what is missing, in its own or the service's words, and what to do about it. */
export class HookError extends Error {
  override readonly name: string = "HookError";
  /** One or more sentences or commands. */
  readonly help: string;

  constructor(message: string, help: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.help = help;
  }
}

/** Whatever was thrown, as one line. */
export function messageOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error));
}

/** Longest text of a service that is shown, in characters. */
const MAX_SHOWN = 800;

/** A stranger's words on one line, without what steers a terminal and without anything that looks like a JWT. */
export function oneLine(words: string): string {
  const plain = words
    .replaceAll(/\beyJ[\w-]{8,}(?:\.[\w-]*)*/g, "[JWT]")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ")
    .replaceAll(/ {2,}/g, " ")
    .trim();
  return plain.length > MAX_SHOWN ? `${plain.slice(0, MAX_SHOWN)}…` : plain;
}
