import type { BindingCertificate } from "./binding-certificate.js";

/**
 * A certificate, or a function that returns the one to use now. A function is asked once for each request and may return another
 * certificate than before; a request that is under way keeps the one it started with.
 */
export type CertificateSource = BindingCertificate | (() => BindingCertificate | Promise<BindingCertificate>);
