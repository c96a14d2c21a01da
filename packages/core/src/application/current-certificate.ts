import { BindingCertificate } from "../certificate/binding-certificate.js";
import { MtlsPopError } from "../errors.js";
import { abortable, type WaitLimit } from "../internal/abortable.js";

/**
 * The certificate that a source gives now. One that comes from the source's memory, at once or by a promise, costs no timer: every
 * token from the cache begins with it.
 *
 * @param name the source, as an error begins with it
 * @throws {MtlsPopError} `mtls_certificate_not_provided`, `timeout`; what the source throws; the signal's reason when aborted
 */
export function currentCertificate(
  source: () => unknown,
  { signal, limit, name }: { signal: AbortSignal | undefined; limit: WaitLimit; name: string },
): BindingCertificate | Promise<BindingCertificate> {
  const given = source();
  return given instanceof BindingCertificate ? given : fromPromise(Promise.resolve(given), signal, limit, name);
}

async function fromPromise(work: Promise<unknown>, signal: AbortSignal | undefined, limit: WaitLimit, name: string) {
  let value: unknown;
  const noted = work.then((given) => {
    value = given;
    return given;
  });
  // one turn: what is there already has been noted by then
  await undefined;
  value ??= await abortable(noted, signal, limit);
  if (value instanceof BindingCertificate) return value;
  throw new MtlsPopError("mtls_certificate_not_provided", `${name} returned no BindingCertificate.`, {
    help: "Return what BindingCertificate.fromPem, fromPfx or a certificate source gave.",
  });
}
