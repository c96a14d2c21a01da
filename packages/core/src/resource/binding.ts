import type { MtlsAgent } from "../transport/mtls-agent.js";

/** A token, and connections with the certificate that it is bound to. */
export interface Binding {
  readonly accessToken: string;
  /** Of the token itself, in place of a negotiated one. */
  readonly scheme: "Bearer" | undefined;
  readonly agent: MtlsAgent;
}
