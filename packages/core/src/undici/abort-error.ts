/** What an abort without a reason ends with, as in `fetch`. */
export function abortError(): Error {
  return new DOMException("The request was aborted.", "AbortError");
}
