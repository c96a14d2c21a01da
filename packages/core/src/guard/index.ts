export type { CertificateFrom, ForwardedCertificate } from "./certificate-from.js";
export type { PopChallengeOptions } from "./pop-challenge.js";
export { popChallenge } from "./pop-challenge.js";
export type { KeySet, PopTokenOptions, TokenAlgorithm } from "./pop-token-options.js";
export type { PresentedCertificate } from "./presented-certificate.js";
export type { PopCredentials, PopTokenClaims, VerifiedPopToken } from "./verified-pop-token.js";
export type { PopRequestOptions, RequestWithHeaders } from "./verify-pop-request.js";
export { assertPopRequestOptions, verifyPopRequest } from "./verify-pop-request.js";
export { verifyPopToken } from "./verify-pop-token.js";
