import { request } from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { authority } from "../certificate/authority.js";
import { emulated, VAULT_SCOPE } from "../emulated.js";
import { NAME, startControlServer, transportTo } from "../transport/control-servers.js";

const bound = { scopes: [VAULT_SCOPE], mtlsProofOfPossession: true } as const;
let entra: Awaited<ReturnType<typeof emulated>>;
beforeAll(async () => {
  entra = await emulated();
});
afterAll(() => entra.close());

/** The status that a plain HTTPS client gets with a TLS context. */
function statusOf(url: URL, secureContext: object, authorization: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false, lookup: transportTo().lookup, headers: { authorization }, ...{ secureContext } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

describe("a bound token's certificate", () => {
  it.each(["TLSv1.2", "TLSv1.3"] as const)("BIND-01 is used for a resource's TLS as it is, over %s", async (version) => {
    const { certificate, issued } = await entra.anotherCertificate({ keyType: "EC-P256", intermediate: true });
    const result = await entra.application({ certificate }).acquireTokenByClientCredential(bound);
    expect(result.bindingCertificate?.x5tS256).toBe(issued.x5tS256);
    const server = await startControlServer({ minVersion: version, maxVersion: version });
    try {
      const secureContext = result.bindingCertificate?.secureContext({ ca: [authority.rootPem] }) ?? {};
      expect(await statusOf(server.url, secureContext, result.createAuthorizationHeader())).toBe(200);
      expect(server.shown).toEqual([issued.certificateDer]);
      expect(server.url.hostname).toBe(NAME);
    } finally {
      await server.close();
    }
  });

  it("BIND-01 comes with a token from the cache as well, and is the one that the token names", async () => {
    const application = entra.application();
    await application.acquireTokenByClientCredential(bound);
    const hit = await application.acquireTokenByClientCredential(bound);
    expect(hit.metadata.tokenSource).toBe("Cache");
    const { cnf } = JSON.parse(Buffer.from(hit.accessToken.split(".")[1] ?? "", "base64url").toString());
    expect(cnf["x5t#S256"]).toBe(hit.bindingCertificate?.x5tS256);
  });
});
