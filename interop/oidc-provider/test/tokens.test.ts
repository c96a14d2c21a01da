import { type ConfidentialClientApplication, isMtlsPopError } from "@mtls-pop/core";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documentSection, markdownTable } from "../../document.js";
import { CLIENTS, RESOURCES, SCOPE, type Surroundings, surroundings } from "../surroundings.js";

/** A token that is asked for, and what comes of it. */
interface Row {
  /** How the client is known. */
  readonly client: keyof typeof CLIENTS;
  readonly shows: keyof Surroundings["certificates"];
  /** In words. */
  readonly showing: string;
  readonly resource: keyof typeof RESOURCES;
  readonly tokenIs: string;
  /** What core gets: nothing to say of a token, else the error's code, what oidc-provider answers, and what it keeps to itself. */
  readonly refused?: { readonly code: string; readonly answer?: string; readonly because?: string };
}

const INVALID_CLIENT = { code: "invalid_client", answer: "401 `invalid_client`" } as const;

const ROWS: readonly Row[] = [
  { client: "selfSigned", shows: "selfSigned", showing: "the registered one", resource: "jwt", tokenIs: "JWT" },
  {
    client: "selfSigned",
    shows: "otherSelfSigned",
    showing: "another one of the same name",
    resource: "jwt",
    tokenIs: "JWT",
    refused: { ...INVALID_CLIENT, because: "unregistered client certificate provided" },
  },
  { client: "subject", shows: "issued", showing: "one of that subject", resource: "jwt", tokenIs: "JWT" },
  {
    client: "subject",
    shows: "otherSubject",
    showing: "one of another subject",
    resource: "jwt",
    tokenIs: "JWT",
    refused: { ...INVALID_CLIENT, because: "certificate subject value does not match the registered one" },
  },
  {
    client: "subject",
    shows: "otherIssuer",
    showing: "one of an unknown issuer",
    resource: "jwt",
    tokenIs: "JWT",
    refused: { ...INVALID_CLIENT, because: "client certificate was not verified" },
  },
  {
    client: "selfSigned",
    shows: "selfSigned",
    showing: "the registered one",
    resource: "opaque",
    tokenIs: "opaque",
    refused: { code: "confirmation_missing" },
  },
  {
    client: "subject",
    shows: "issued",
    showing: "one of that subject",
    resource: "opaque",
    tokenIs: "opaque",
    refused: { code: "confirmation_missing" },
  },
  {
    client: "unbound",
    shows: "issued",
    showing: "one of that subject",
    resource: "jwt",
    tokenIs: "JWT, bound to nothing",
    refused: { code: "confirmation_missing" },
  },
];

const METHODS: Readonly<Record<keyof typeof CLIENTS, string>> = {
  selfSigned: "`self_signed_tls_client_auth`",
  subject: "`tls_client_auth`",
  unbound: "`tls_client_auth`",
};

let around: Surroundings;
const found: string[][] = [];

beforeAll(async () => {
  around = await surroundings();
});
afterAll(() => around?.close());

describe("core asks oidc-provider", () => {
  it.each(ROWS)("for a token ($tokenIs) as the client that is known by $client, showing $showing", async (row) => {
    const { client, shows, resource, refused } = row;
    const application = await around.application(CLIENTS[client], around.certificates[shows]);
    const cells = [METHODS[client], row.showing, row.tokenIs];
    const before = around.server.refusals.length;
    if (!refused) {
      const { accessToken, tokenType, bindingCertificate, scopes } = await acquire(application, resource);
      expect([tokenType, scopes]).toEqual(["Bearer", [SCOPE]]);
      expect(bindingCertificate?.x5tS256).toMatch(/^[\w-]{43}$/);
      expect(decodeJwt(accessToken)).toMatchObject({
        iss: around.server.issuer,
        aud: RESOURCES[resource],
        client_id: CLIENTS[client],
        scope: SCOPE,
        cnf: { "x5t#S256": bindingCertificate?.x5tS256 },
      });
      return void found.push([...cells, "200", `\`${tokenType}\`, bound to the certificate`]);
    }
    const error: unknown = await acquire(application, resource).catch((error: unknown) => error);
    if (!isMtlsPopError(error)) throw new Error(`It was not refused: ${error}`);
    expect([error.code, error.statusCode]).toEqual([refused.code, refused.answer === undefined ? undefined : 401]);
    expect(around.server.refusals.slice(before)).toEqual(refused.because === undefined ? [] : [refused.because]);
    if (refused.answer !== undefined) expect(error.message).toContain("(401, invalid_client): client authentication failed");
    found.push([...cells, refused.answer ?? "200", refused.answer === undefined ? `\`${error.code}\`` : "the same"]);
  });

  it("for another resource than it knows, and is told so", async () => {
    const application = await around.application(CLIENTS.selfSigned, around.certificates.selfSigned);
    const asked = application.acquireTokenByClientCredential({
      scopes: [SCOPE],
      mtlsProofOfPossession: true,
      extraBodyParameters: { resource: "https://nowhere.example" },
    });
    await expect(asked).rejects.toMatchObject({
      code: "service_error",
      statusCode: 400,
      message: expect.stringContaining("invalid_target"),
    });
  });

  it("and finds what docs/interop.md says", () => {
    expect(found, "the table needs every row: run the file without a filter, and see why a row failed").toHaveLength(ROWS.length);
    const columns = ["The client is known by", "Certificate of the connection", "Token", "oidc-provider answers", "core gets"];
    const table = markdownTable(columns, found);
    expect(documentSection("oidc-provider-tokens", table)).toBe(table);
  });
});

function acquire(application: ConfidentialClientApplication, resource: keyof typeof RESOURCES) {
  return application.acquireTokenByClientCredential({
    scopes: [SCOPE],
    mtlsProofOfPossession: true,
    extraBodyParameters: { resource: RESOURCES[resource] },
  });
}
