/** What an attempt fails with, whatever it is; the test fails when it succeeds. */
export async function failure(attempt: Promise<unknown>): Promise<unknown> {
  try {
    await attempt;
  } catch (error) {
    return error;
  }
  throw new Error("It was expected to fail.");
}
