import { MtlsPopError } from "../errors.js";
import { BindingCertificate } from "./binding-certificate.js";
import type { FromPemOptions } from "./binding-certificate-options.js";
import { contentKindOf } from "./content-kind.js";

/**
 * Loads a certificate from bytes that are PEM or PFX.
 *
 * @param source where they come from, as the message of an error begins with it
 * @throws {MtlsPopError} as {@link BindingCertificate.fromPem}
 */
export async function certificateFromContent(source: string, content: Buffer, options: FromPemOptions): Promise<BindingCertificate> {
  try {
    const kind = contentKindOf(content);
    if (kind !== "pfx" && kind !== "base64-pfx") return await BindingCertificate.fromPem(content, options);
    const { key, ...pfxOptions } = options;
    if (key === undefined) return await BindingCertificate.fromPfx(content, pfxOptions);
    throw new MtlsPopError("invalid_options", "It is a PFX, which holds its own key.", { help: "Leave `keyPath` out." });
  } catch (error) {
    throw error instanceof MtlsPopError ? inSource(source, error) : error;
  }
}

/** The same error with its source named in front. */
function inSource(source: string, error: MtlsPopError): MtlsPopError {
  const { code, help, message, cause } = error;
  const withoutHelp = help ? message.slice(0, -help.length - 1) : message;
  return new MtlsPopError(code, `${source}: ${withoutHelp}`, { cause, help });
}
