import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documentSection, markdownTable } from "../../document.js";
import { plainCall } from "../../servers/plain-call.js";
import { CLIENTS, SCOPE, type Surroundings, surroundings } from "../surroundings.js";

let around: Surroundings;
const found: string[][] = [];

beforeAll(async () => {
  around = await surroundings();
});
afterAll(() => around?.close());

/** The owner of each token, and whose certificate a thief has who stole it. */
const OWNERS = [
  { client: "selfSigned", certificate: "selfSigned", thief: "otherSelfSigned", method: "`self_signed_tls_client_auth`" },
  { client: "subject", certificate: "issued", thief: "otherSubject", method: "`tls_client_auth`" },
] as const;

describe.each(OWNERS)(
  "an API with the checks of jose, and a token of the client that is known by $client",
  ({ client, certificate, thief, method }) => {
    it("lets the bound fetch in, which shows the certificate and says Bearer", async () => {
      const application = await around.application(CLIENTS[client], around.certificates[certificate]);
      await using popFetch = around.popFetch(application);
      around.api.letIn.length = 0;
      const response = await popFetch(`${around.api.url}/orders`);
      expect([response.status, await response.text()]).toEqual([200, "welcome"]);
      expect(around.api.letIn).toEqual([CLIENTS[client]]);
      found.push([method, "the bound fetch", `${response.status}`]);
    });

    it.each([
      ["the token and another certificate", thief, "bound to another certificate"],
      ["the token and no certificate", undefined, "the connection showed no certificate"],
    ])("turns away a thief, who has %s", async (has, shown, because) => {
      const application = await around.application(CLIENTS[client], around.certificates[certificate]);
      const { accessToken } = await application.acquireBoundToken({ scopes: [SCOPE] });
      const call = { url: `${around.api.url}/orders`, ca: around.ca, headers: { authorization: `Bearer ${accessToken}` } };
      around.api.letIn.length = 0;
      const answer = await plainCall({ ...call, certificate: shown && around.certificates[shown] });
      expect(answer).toEqual({ status: 401, text: because });
      expect(around.api.letIn).toEqual([]);
      // the same call is let in with the owner's certificate on its connection
      expect(await plainCall({ ...call, certificate: around.certificates[certificate] })).toMatchObject({ status: 200 });
      found.push([method, `a thief with ${has}`, `401: ${because}`]);
    });
  },
);

it("docs/interop.md says the same", () => {
  expect(found, "the table needs every row: run the file without a filter, and see why a row failed").toHaveLength(OWNERS.length * 3);
  const table = markdownTable(["Client of oidc-provider", "Who calls the API", "Answer"], found);
  expect(documentSection("oidc-provider-resource", table)).toBe(table);
});
