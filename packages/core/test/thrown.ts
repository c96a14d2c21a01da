import { MtlsPopError } from "../src/errors.js";

/** The error that a call throws; the test fails when it throws none, or one of another kind. */
export function thrown(call: () => unknown): MtlsPopError {
  try {
    call();
  } catch (error) {
    if (error instanceof MtlsPopError) return error;
    throw error;
  }
  throw new Error("It was expected to throw.");
}
