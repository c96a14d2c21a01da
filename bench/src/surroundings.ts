/** What a contender is told of the servers; handed to its process as JSON. */
export interface Surroundings {
  readonly clientId: string;
  readonly tenantId: string;
  /** The emulated login host with the tenant. */
  readonly authority: string;
  /** The port of all login and mtlsauth names. */
  readonly tokenPort: number;
  /** What the mTLS host of `authority` takes token requests at. */
  readonly mtlsTokenEndpoint: string;
  /** What msal-node has built in for Microsoft's own hosts: saves it the request that it sends to unknown ones. */
  readonly authorityMetadata: string;
  /** PEM of the root that signed the servers' certificates. */
  readonly ca: string;
  /** File with the application's certificate and private key in PEM. */
  readonly certificateFile: string;
  /** SHA-256 of the certificate in hex, which msal-node wants from its user. */
  readonly thumbprintSha256: string;
  readonly scope: string;
  /** Takes bound tokens only and checks the binding. */
  readonly boundResource: string;
  /** Takes every token, and a client certificate if there is one. */
  readonly plainResource: string;
}
