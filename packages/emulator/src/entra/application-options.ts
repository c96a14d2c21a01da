/** An application as a test registers it. */
export interface ApplicationOptions {
  /** Application (client) id. */
  readonly clientId: string;
  /** PEM of the certificate that it may use; a chain's leaf stands first. */
  readonly certificate?: string;
  /** Several of them, as in the middle of a rotation. */
  readonly certificates?: readonly string[];
  /**
   * `subject-name-issuer`: also every later certificate of the same subject and issuer, and the mTLS endpoint.
   * `thumbprint`: the registered certificates alone, and no mTLS endpoint.
   * @default "subject-name-issuer"
   */
  readonly trust?: "subject-name-issuer" | "thumbprint";
  /** `false` gets AADSTS51000 on the mTLS endpoint. @default true */
  readonly mtlsClientAuthentication?: boolean;
  /** A public client shows no credential at all: AADSTS700025. @default false */
  readonly publicClient?: boolean;
  /** Further body parameters that it may send. @default none */
  readonly extraBodyParameters?: readonly string[];
  /** `sub` claims of leg-1 tokens that may stand for it. @default every token of this emulator for the exchange */
  readonly federatedSubjects?: readonly string[];
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isTextList = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isFlag = (value: unknown): boolean => typeof value === "boolean";

const RULES: Readonly<Record<keyof ApplicationOptions, readonly [expected: string, test: (value: unknown) => boolean]>> = {
  clientId: ["a non-empty string", isText],
  certificate: ["PEM", isText],
  certificates: ["an array of PEMs", isTextList],
  trust: ['"subject-name-issuer" or "thumbprint"', (value) => value === "subject-name-issuer" || value === "thumbprint"],
  mtlsClientAuthentication: ["true or false", isFlag],
  publicClient: ["true or false", isFlag],
  extraBodyParameters: ["an array of names", isTextList],
  federatedSubjects: ["an array of subjects", isTextList],
};

/**
 * Checks an application that came as JSON or from a caller without types.
 *
 * @throws {TypeError} which names the field and what it takes
 */
export function assertApplicationOptions(value: unknown): asserts value is ApplicationOptions {
  if (typeof value !== "object" || value === null) throw new TypeError("An application is an object with a `clientId`.");
  for (const [name, option] of Object.entries(value)) {
    const rule = Object.entries(RULES).find(([known]) => known === name)?.[1];
    if (!rule) throw new TypeError(`An application has no \`${name}\`. Known: ${Object.keys(RULES).join(", ")}.`);
    const [expected, test] = rule;
    if (option !== undefined && !test(option)) throw new TypeError(`An application's \`${name}\` is ${expected}.`);
  }
  if (!("clientId" in value) || value.clientId === undefined) throw new TypeError("An application needs a `clientId`.");
}
