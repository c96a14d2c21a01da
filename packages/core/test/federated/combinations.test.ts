import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FicAssertionProvider } from "../../src/federated/fic-assertion-provider.js";
import { FicLeg1Acquirer } from "../../src/federated/fic-leg1-acquirer.js";
import { FicLeg2Exchanger } from "../../src/federated/fic-leg2-exchanger.js";
import { createPopFetch } from "../../src/resource/pop-fetch.js";
import { ResourceCaller } from "../../src/resource/resource-caller.js";
import { VAULT_SCOPE } from "../emulated.js";
import { EXCHANGE_SCOPE, twoLegs } from "./two-legs.js";

const scopes = [VAULT_SCOPE];
const bound = { scopes, mtlsProofOfPossession: true } as const;
let legs: Awaited<ReturnType<typeof twoLegs>>;
beforeAll(async () => {
  legs = await twoLegs();
  legs.emulator.keyVault.secrets.set("my-secret", "s3cret");
});
beforeEach(() => legs.emulator.forgetRequests());
afterAll(() => legs.close());

const JWT_POP = "urn:ietf:params:oauth:client-assertion-type:jwt-pop";

/** Each leg's form and certificate, the certificate as `x5t#S256`. */
function sent() {
  return [...legs.leg1Requests(), ...legs.leg2Requests()].map(({ form, host, clientCertificate }) => ({ form, host, clientCertificate }));
}

describe("the four combinations", () => {
  for (const [id, leg1Name, tokenType] of [
    ["FIC-01", "managed identity", "Bearer"],
    ["FIC-02", "managed identity", "mtls_pop"],
    ["FIC-03", "confidential client", "Bearer"],
    ["FIC-04", "confidential client", "mtls_pop"],
  ] as const) {
    it(`${id} ${leg1Name} as leg 1 gives ${tokenType}, both legs over a connection with leg 1's certificate`, async () => {
      const application = leg1Name === "managed identity" ? legs.managedIdentity() : legs.confidentialClient();
      const acquirer = new FicLeg1Acquirer(application);
      const leg2 = new FicLeg2Exchanger({ ...legs.leg2Options, assertions: new FicAssertionProvider(acquirer) });
      const result = await leg2.exchangeToken({ scopes, mtlsProofOfPossession: tokenType === "mtls_pop" });
      const leg1 = await acquirer.acquireToken();
      expect(leg1).toMatchObject({ tokenType: "mtls_pop", metadata: { tokenSource: "Cache" } });
      expect(result.tokenType).toBe(tokenType);
      expect(result.bindingCertificate).toBe(tokenType === "mtls_pop" ? leg1.bindingCertificate : undefined);
      const clientCertificate = Buffer.from(leg1.bindingCertificate.x5c[0] ?? "", "base64");
      expect(sent()).toEqual([
        {
          host: "mtlsauth.emulator.localhost",
          clientCertificate,
          form: {
            client_id: leg1Name === "managed identity" ? legs.emulator.managedIdentities.systemAssigned.clientId : legs.clientId,
            grant_type: "client_credentials",
            scope: EXCHANGE_SCOPE,
            token_type: "mtls_pop",
          },
        },
        {
          host: "mtlsauth.emulator.localhost",
          clientCertificate,
          form: {
            client_id: legs.leg2ClientId,
            grant_type: "client_credentials",
            scope: VAULT_SCOPE,
            client_assertion: leg1.accessToken,
            client_assertion_type: JWT_POP,
            ...(tokenType === "mtls_pop" && { token_type: "mtls_pop" }),
          },
        },
      ]);
    });
  }

  it("CFG-02 an assertion provider gives assertion and certificate, and the token is bound to that certificate", async () => {
    const result = await legs.exchanger(legs.confidentialClient()).exchangeToken(bound);
    expect(result).toMatchObject({ tokenType: "mtls_pop", bindingCertificate: legs.certificate });
    expect(legs.leg2Requests().map(({ clientCertificate }) => clientCertificate)).toEqual([legs.issued.certificateDer]);
  });

  it("CFG-05 an assertion provider's assertion without its certificate is refused for a bound token, before leg 1 is asked", async () => {
    const assertions = new FicAssertionProvider(new FicLeg1Acquirer(legs.confidentialClient()));
    const leg2 = legs.leg2Application((request) => assertions.createAssertion({ ...request, bindCertificate: false }));
    await expect(leg2.acquireTokenByClientCredential(bound)).rejects.toMatchObject({
      code: "mtls_certificate_not_provided",
      help: expect.stringContaining("Leave `bindCertificate` out"),
    });
    expect(legs.tokenRequests()).toEqual([]);
  });

  it("REQ-03 an exchange for a bound token sends exactly flow (4), with claims and fmi_path where they are asked for", async () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
    const leg2 = legs.exchanger(legs.confidentialClient());
    await leg2.exchangeToken(bound);
    await leg2.exchangeToken({ ...bound, claims, fmiPath: "agents/1" });
    const [plain, full] = legs.leg2Requests().map(({ form }) => form);
    expect(Object.keys(plain ?? {}).sort()).toEqual([
      "client_assertion",
      "client_assertion_type",
      "client_id",
      "grant_type",
      "scope",
      "token_type",
    ]);
    expect(plain).toMatchObject({ client_assertion_type: JWT_POP, token_type: "mtls_pop" });
    expect(full).toEqual({ ...plain, claims, fmi_path: "agents/1" });
  });
});

describe("what a bound leg-2 token is good for", () => {
  it("calls a vault through ResourceCaller, as it is", async () => {
    for (const leg1 of [legs.managedIdentity(), legs.confidentialClient()]) {
      const { transport, emulator } = legs;
      const caller = new ResourceCaller(await legs.exchanger(leg1).exchangeToken(bound), {
        transport,
        resources: { vault: { baseUrl: emulator.keyVault.url, profile: "key-vault" } },
      });
      const body = await caller.callResource(`${emulator.keyVault.url}/secrets/my-secret?api-version=7.4`);
      expect(JSON.parse(body)).toMatchObject({ value: "s3cret" });
      await caller.close();
    }
  });

  it("is what createPopFetch acquires from the exchanger, and connects with ahead", async () => {
    const { transport, emulator } = legs;
    const tokens = legs.exchanger(legs.confidentialClient());
    expect(tokens.bindingCertificate()).toBe(legs.certificate);
    const resources = { vault: { baseUrl: emulator.keyVault.url, profile: "key-vault" } } as const;
    const pop = createPopFetch({ tokens, transport, resources });
    const response = await pop(`${emulator.keyVault.url}/secrets/my-secret?api-version=7.4`);
    expect(response.status).toBe(200);
    await pop.close();
    expect(legs.leg2Requests()).toHaveLength(1);
  });

  it("answers a claims challenge with one more exchange and leg 1's token from the cache", async () => {
    const leg2 = legs.exchanger(legs.confidentialClient());
    await leg2.acquireBoundToken({ scopes });
    const fresh = await leg2.acquireBoundToken({ scopes, claims: '{"access_token":{}}' });
    expect(fresh.metadata.tokenSource).toBe("IdentityProvider");
    expect([legs.leg1Requests().length, legs.leg2Requests().length]).toEqual([1, 2]);
  });
});

describe("where the legs go", () => {
  it("sends each leg to the region of its own", async () => {
    const leg1 = legs.confidentialClient({ azureRegion: "westus3" });
    const result = await legs.exchanger(leg1, { azureRegion: "northeurope" }).exchangeToken(bound);
    expect(result.metadata.region).toBe("northeurope");
    expect(legs.tokenRequests().map(({ host }) => host)).toEqual([
      "westus3.mtlsauth.emulator.localhost",
      "northeurope.mtlsauth.emulator.localhost",
    ]);
  });

  it("sends a Bearer exchange to the mTLS host of the region too, with leg 1's certificate", async () => {
    const leg2 = legs.exchanger(legs.managedIdentity(), { azureRegion: "westus3" });
    expect((await leg2.exchangeToken({ scopes })).tokenType).toBe("Bearer");
    const [request] = legs.leg2Requests();
    expect(request).toMatchObject({ host: "westus3.mtlsauth.emulator.localhost", clientCertificate: expect.any(Buffer) });
  });

  it.each([
    ["login.microsoftonline.us", "mtlsauth.microsoftonline.us", "api://AzureADTokenExchangeUSGov"],
    ["login.partner.microsoftonline.cn", "mtlsauth.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina"],
    ["login.sovcloud-identity.fr", "mtlsauth.sovcloud-identity.fr", undefined],
  ] as const)("exchanges in the cloud of %s, at %s", async (login, mtlsHost, tokenExchangeUrl) => {
    const cloud = await twoLegs({ clouds: true });
    const authority = cloud.emulator.authority.replace(/login\.emulator\.localhost/, login);
    const leg1 = cloud.confidentialClient({ authority });
    const result = await cloud.exchanger(leg1, { authority }).exchangeToken(bound);
    expect(result.bindingCertificate).toBe(cloud.certificate);
    expect(cloud.tokenRequests().map(({ host }) => host)).toEqual([mtlsHost, mtlsHost]);
    // the emulated Entra's federated credential is for the public cloud's audience
    if (tokenExchangeUrl) {
      const acquirer = new FicLeg1Acquirer(leg1, { tokenExchangeUrl });
      expect((await acquirer.acquireToken()).scopes).toEqual([`${tokenExchangeUrl}/.default`]);
    }
    await cloud.close();
  });

  it("refuses an authority without a tenant before leg 1 is asked", async () => {
    const authority = legs.emulator.authority.replace(/[^/]+$/, "common");
    const leg2 = legs.exchanger(legs.confidentialClient(), { authority });
    await expect(leg2.exchangeToken(bound)).rejects.toMatchObject({ code: "missing_tenanted_authority" });
    expect(legs.tokenRequests()).toEqual([]);
  });
});
