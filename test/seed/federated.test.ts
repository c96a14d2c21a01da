import {
  type AttestationProvider,
  type AuthenticationResult,
  type BindingCertificate,
  type ClientSignedAssertion,
  ConfidentialClientApplication,
  type ConfidentialClientOptions,
  FicAssertionProvider,
  FicLeg1Acquirer,
  FicLeg2Exchanger,
  ManagedIdentityApplication,
  type ManagedIdentityId,
  type ManagedIdentityOptions,
  ResourceCaller,
} from "@mtls-pop/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { signedUp, surroundings } from "../direct-flow.js";
import { emulatedAttestation } from "../emulated-attestation.js";

// one test for each statement of the seed `msal-mtls-pop-fic-two-leg`, quoted in the test's name; what holds instead where PROTOCOL.md
// section 9 decides otherwise

const LEG2_CLIENT_ID = "00000000-0000-0000-0000-0000000000b2";
const UAMI_CLIENT_ID = "6325cd32-9911-41f3-819c-416cdf9104e7";
const EXCHANGE = "api://AzureADTokenExchange";
const JWT_POP = "urn:ietf:params:oauth:client-assertion-type:jwt-pop";
const azureRegion = "westus3";
const scopes = ["https://graph.microsoft.com/.default"];
const bound = { scopes, mtlsProofOfPossession: true } as const;
const leg1Request = { scopes: [`${EXCHANGE}/.default`], mtlsProofOfPossession: true } as const;

let seed: Awaited<ReturnType<typeof surroundings>>;
let leg1Cert: BindingCertificate;
/** Leg 1 by confidential client. */
let leg1ConfApp: ConfidentialClientApplication;
/** Who and where leg 2 is. */
let leg2: Pick<ConfidentialClientOptions, "clientId" | "authority" | "azureRegion" | "knownAuthorities" | "transport">;
/** The seed's `WithAttestationSupport`. */
let attestation: AttestationProvider;

beforeAll(async () => {
  seed = await surroundings();
  const { emulator, authority, knownAuthorities, transport } = seed;
  ({ application: leg1ConfApp, certificate: leg1Cert } = await signedUp(seed, { azureRegion }));
  attestation = emulatedAttestation(emulator);
  emulator.managedIdentities.register({ clientId: UAMI_CLIENT_ID });
  emulator.managedIdentities.attestation = "required";
  emulator.applications.register({ clientId: LEG2_CLIENT_ID });
  leg2 = { clientId: LEG2_CLIENT_ID, authority, azureRegion, knownAuthorities, transport };
});
beforeEach(() => seed.emulator.forgetRequests());
afterAll(() => seed.emulator.close());

function managedIdentity(identity: ManagedIdentityId, over: ManagedIdentityOptions = { attestation }): ManagedIdentityApplication {
  const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: seed.emulator.instanceMetadata.url };
  const { knownAuthorities, transport } = seed;
  return new ManagedIdentityApplication({ identity, env, knownAuthorities, transport, ...over });
}

const sami = () => managedIdentity("system-assigned");
const uami = () => managedIdentity({ userAssignedClientId: UAMI_CLIENT_ID });
const acquireFromMsi = (app: ManagedIdentityApplication) => app.acquireToken({ resource: EXCHANGE, mtlsProofOfPossession: true });

/** Leg 2 as the seed builds it: its callback gives leg 1's token and certificate. */
function leg2App(leg1Result: AuthenticationResult): ConfidentialClientApplication {
  return new ConfidentialClientApplication({
    ...leg2,
    clientAssertion: async () => ({ assertion: leg1Result.accessToken, tokenBindingCertificate: leg1Result.bindingCertificate }),
  });
}

/** What leg 2 sent last. */
function leg2Request() {
  const request = seed.requestsTo("token").findLast(({ form }) => form?.["client_id"] === LEG2_CLIENT_ID);
  return { host: request?.host, form: request?.form, leaf: request?.clientCertificate?.toString("base64") };
}

describe("What is FIC Two-Leg Flow?", () => {
  it("“Leg 1: always targets api://AzureADTokenExchange, MSI or Confidential Client”: as a resource or a scope, on the wire the same", async () => {
    for (const app of [sami(), uami(), leg1ConfApp]) {
      expect((await new FicLeg1Acquirer(app).acquireToken()).scopes).toEqual(leg1Request.scopes);
    }
    const asked = seed.requestsTo("token").map(({ form }) => [form?.["scope"], form?.["token_type"]]);
    expect(asked).toEqual(Array(3).fill([`${EXCHANGE}/.default`, "mtls_pop"]));
  });

  it("“Leg 2: uses Leg 1's AccessToken as the Assertion … if mTLS PoP: uses Leg 1's BindingCertificate as TokenBindingCertificate”", async () => {
    const leg1Result = await leg1ConfApp.acquireTokenByClientCredential(leg1Request);
    await leg2App(leg1Result).acquireTokenByClientCredential(bound);
    expect(leg2Request()).toMatchObject({ form: { client_assertion: leg1Result.accessToken }, leaf: leg1Cert.x5c[0] });
  });
});

describe("Valid Combinations", () => {
  for (const tokenType of ["Bearer", "mtls_pop"] as const) {
    const request = { scopes, mtlsProofOfPossession: tokenType === "mtls_pop" };

    it(`“MSI (SAMI/UAMI) | mTLS PoP | Confidential Client | ${tokenType}: yes”`, async () => {
      for (const app of [sami(), uami()]) {
        const leg1Result = await acquireFromMsi(app);
        expect(leg1Result.tokenType).toBe("mtls_pop");
        const result = await leg2App(leg1Result).acquireTokenByClientCredential(request);
        expect(result.tokenType).toBe(tokenType);
        expect(leg2Request().leaf).toBe(leg1Result.bindingCertificate?.x5c[0]);
      }
    });

    it(`“Confidential Client | mTLS PoP | Confidential Client | ${tokenType}: yes”`, async () => {
      const leg1Result = await leg1ConfApp.acquireTokenByClientCredential(leg1Request);
      expect(leg1Result.tokenType).toBe("mtls_pop");
      const result = await leg2App(leg1Result).acquireTokenByClientCredential(request);
      expect(result.tokenType).toBe(tokenType);
      expect(leg2Request().leaf).toBe(leg1Cert.x5c[0]);
    });
  }

  it("“MSI | mTLS PoP | MSI | Any: NO”: it does not compile, and is refused by name", () => {
    const assertions = new FicAssertionProvider(new FicLeg1Acquirer(sami()));
    // @ts-expect-error leg 2 is a confidential client
    expect(() => new FicLeg2Exchanger(uami(), assertions)).toThrow(expect.objectContaining({ code: "managed_identity_cannot_exchange" }));
  });
});

describe("Requirements", () => {
  it("“Microsoft.Identity.Client.KeyAttestation, .AppConfig, .Extensibility”: one package has it all, and attestation is an option", async () => {
    await acquireFromMsi(sami());
    const issued = seed.emulator.requests.find(({ path }) => path.endsWith("/issuecredential"));
    expect(JSON.parse(String(issued?.body))).toMatchObject({ attestation_token: expect.any(String) });
  });
});

describe("Complete Examples", () => {
  it("“Scenario 1: MSI Leg 1 → Confidential Client Leg 2 → Bearer Token”", async () => {
    const leg1Result = await acquireFromMsi(uami());
    expect(leg1Result.tokenType).toBe("mtls_pop");
    const leg2Result = await leg2App(leg1Result).acquireTokenByClientCredential({ scopes: ["https://vault.azure.net/.default"] });
    expect([leg2Result.tokenType, leg2Result.bindingCertificate]).toEqual(["Bearer", undefined]);
  });

  it("“Scenario 2: MSI Leg 1 → Confidential Client Leg 2 → mTLS PoP Token … cert matches Leg 1”", async () => {
    const leg1Result = await acquireFromMsi(sami());
    const leg2Result = await leg2App(leg1Result).acquireTokenByClientCredential(bound);
    expect(leg2Result.tokenType).toBe("mtls_pop");
    expect(leg2Result.bindingCertificate?.thumbprint).toBe(leg1Result.bindingCertificate?.thumbprint);
  });

  it("“Scenario 3: Confidential Client Leg 1 → Confidential Client Leg 2 → Bearer Token”", async () => {
    const leg1Result = await leg1ConfApp.acquireTokenByClientCredential(leg1Request);
    const leg2Result = await leg2App(leg1Result).acquireTokenByClientCredential({ scopes: ["https://storage.azure.com/.default"] });
    expect(leg2Result.tokenType).toBe("Bearer");
  });

  it("“Scenario 4: Confidential Client Leg 1 → Confidential Client Leg 2 → mTLS PoP Token”, for a resource that takes them", async () => {
    const leg1Result = await leg1ConfApp.acquireTokenByClientCredential(leg1Request);
    const leg2Result = await leg2App(leg1Result).acquireTokenByClientCredential(bound);
    expect(leg2Result).toMatchObject({ tokenType: "mtls_pop", bindingCertificate: leg1Cert });
  });

  it("“Scenario 4 … https://management.azure.com/.default”: sent as asked, and Entra's refusal of today says why (PROTOCOL.md section 9)", async () => {
    const leg1Result = await leg1ConfApp.acquireTokenByClientCredential(leg1Request);
    const asking = leg2App(leg1Result).acquireTokenByClientCredential({ ...bound, scopes: ["https://management.azure.com/.default"] });
    await expect(asking).rejects.toMatchObject({ kind: "service", aadErrorCodes: [392196], help: expect.stringMatching(/resource/) });
    expect(leg2Request().form).toMatchObject({ scope: "https://management.azure.com/.default", token_type: "mtls_pop" });
  });
});

describe("Production Helper Classes", () => {
  it("“FicLeg1Acquirer: handles Leg 1 token acquisition for both MSI and Confidential Client with attestation support”", async () => {
    for (const app of [sami(), leg1ConfApp]) {
      const leg1Result = await new FicLeg1Acquirer(app).acquireToken();
      expect(leg1Result).toMatchObject({ tokenType: "mtls_pop", bindingCertificate: { subject: expect.any(String) } });
    }
  });

  it("“FicAssertionProvider: builds ClientSignedAssertion from Leg 1 token with optional certificate binding”", async () => {
    const leg1Result = await new FicLeg1Acquirer(leg1ConfApp).acquireToken();
    const provider = new FicAssertionProvider(leg1Result);
    const { accessToken: assertion } = leg1Result;
    expect({ ...(await provider.createAssertion({ bindCertificate: true })) }).toEqual({ assertion, tokenBindingCertificate: leg1Cert });
    expect({ ...(await provider.createAssertion({ bindCertificate: false })) }).toEqual({ assertion, tokenBindingCertificate: undefined });
  });

  it("“FicLeg2Exchanger: handles Leg 2 token exchange (Confidential Client only) with Bearer or PoP support”, from options too", async () => {
    const assertions = new FicAssertionProvider(new FicLeg1Acquirer(leg1ConfApp));
    const exchanger = new FicLeg2Exchanger({ ...leg2, assertions });
    expect((await exchanger.exchangeToken({ scopes })).tokenType).toBe("Bearer");
    expect((await exchanger.exchangeToken(bound)).tokenType).toBe("mtls_pop");
  });

  it("“ResourceCaller: helper for calling protected resources with mTLS PoP tokens”, which takes leg 2's result as it is", async () => {
    const { transport, resources, secretUrl } = seed;
    const leg1Result = await acquireFromMsi(sami());
    const leg2Result = await leg2App(leg1Result).acquireTokenByClientCredential({ ...bound, scopes: ["https://vault.azure.net/.default"] });
    const caller = new ResourceCaller(leg2Result, { transport, resources });
    expect(JSON.parse(await caller.callResource(secretUrl))).toMatchObject({ value: "s3cret" });
    await caller.close();
  });
});

describe("Usage Pattern", () => {
  for (const [name, app] of [
    ["msiApp", () => sami()],
    ["confApp", () => leg1ConfApp],
  ] as const) {
    it(`“FicLeg1Acquirer(${name}) … FicAssertionProvider(leg1Result) … FicLeg2Exchanger(leg2ConfApp, assertionProvider) … ResourceCaller(leg2Result)”`, async () => {
      const leg1Acquirer = new FicLeg1Acquirer(app());
      const leg1Result = await leg1Acquirer.acquireToken();
      const assertionProvider = new FicAssertionProvider(leg1Result);
      const leg2ConfApp = new ConfidentialClientApplication({
        ...leg2,
        clientAssertion: () => assertionProvider.createAssertion({ bindCertificate: true }),
      });
      const leg2Exchanger = new FicLeg2Exchanger(leg2ConfApp, assertionProvider);
      const leg2Result = await leg2Exchanger.exchangeToken(bound);
      expect(leg2Result.tokenType).toBe("mtls_pop");
      const { transport, resources, emulator } = seed;
      const caller = new ResourceCaller(leg2Result, { transport, resources });
      await expect(caller.callResource(`${emulator.graph.url}/v1.0/applications`)).resolves.toContain("value");
      await caller.close();
    });
  }
});

describe("Key Points", () => {
  it("1 “Leg 1 always targets api://AzureADTokenExchange”: a token for anything else is no leg 1", async () => {
    const elsewhere = await leg1ConfApp.acquireTokenByClientCredential(bound);
    expect(() => new FicAssertionProvider(elsewhere)).toThrow(/must be a token for api:\/\/AzureADTokenExchange/);
  });

  it("2 “Leg 2 MUST be Confidential Client”: an exchanger's options are those of one, and a managed identity's are refused", () => {
    const assertions = new FicAssertionProvider(new FicLeg1Acquirer(sami()));
    // @ts-expect-error `identity` is a managed identity's
    const make = () => new FicLeg2Exchanger({ ...leg2, identity: "system-assigned", assertions });
    expect(make).toThrow(expect.objectContaining({ code: "managed_identity_cannot_exchange" }));
  });

  it("3 “Four valid combinations: all permutations of MSI/ConfApp Leg 1 × Bearer/PoP Leg 2”, by the classes", async () => {
    const results = [];
    for (const app of [sami(), leg1ConfApp]) {
      const exchanger = new FicLeg2Exchanger({ ...leg2, assertions: new FicAssertionProvider(new FicLeg1Acquirer(app)) });
      for (const mtlsProofOfPossession of [false, true]) {
        results.push((await exchanger.exchangeToken({ scopes, mtlsProofOfPossession })).tokenType);
      }
    }
    expect(results).toEqual(["Bearer", "mtls_pop", "Bearer", "mtls_pop"]);
  });

  it("4 “Always pass Leg 1's certificate … for all scenarios (both Bearer and PoP Leg 2)”: it is the default, for both", async () => {
    const exchanger = new FicLeg2Exchanger({ ...leg2, assertions: new FicAssertionProvider(new FicLeg1Acquirer(leg1ConfApp)) });
    for (const mtlsProofOfPossession of [false, true]) {
      await exchanger.exchangeToken({ scopes, mtlsProofOfPossession });
      expect(leg2Request()).toMatchObject({ form: { client_assertion_type: JWT_POP }, leaf: leg1Cert.x5c[0] });
    }
  });

  it("5 “Always include WithAttestationSupport() in Leg 1 for production”: without it the refusal says what is missing", async () => {
    const unattested = managedIdentity("system-assigned", {});
    await expect(new FicLeg1Acquirer(unattested).acquireToken()).rejects.toMatchObject({
      code: "attestation_required",
      help: expect.stringContaining("`attestation`"),
    });
  });

  it("6 “Test slice region: Use westus3”: leg 2 goes to the region that it was given", async () => {
    await leg2App(await new FicLeg1Acquirer(leg1ConfApp).acquireToken()).acquireTokenByClientCredential(bound);
    expect(leg2Request().host).toBe("westus3.mtlsauth.emulator.localhost");
  });
});

describe("Why MSI Cannot Do Leg 2", () => {
  it("“IManagedIdentityApplication does NOT provide a WithClientAssertion() method”: nor here", () => {
    // @ts-expect-error a confidential client alone has it
    expect(sami().withClientAssertion).toBeUndefined();
  });
});

describe("Troubleshooting", () => {
  it("“MSI doesn't have WithClientAssertion: use Confidential Client for Leg 2”: the error says so", () => {
    // @ts-expect-error no option of a managed identity
    const make = () => managedIdentity("system-assigned", { clientAssertion: async () => ({ assertion: "a.b.c" }) });
    expect(make).toThrow(/Use a ConfidentialClientApplication or FicLeg2Exchanger for leg 2/);
  });

  it("“ClientSignedAssertion is not defined”: it is a type of the package, and a literal is one", async () => {
    const { accessToken, bindingCertificate } = await new FicLeg1Acquirer(leg1ConfApp).acquireToken();
    const signed: ClientSignedAssertion = { assertion: accessToken, tokenBindingCertificate: bindingCertificate };
    const app = new ConfidentialClientApplication({ ...leg2, clientAssertion: async () => signed });
    expect((await app.acquireTokenByClientCredential(bound)).bindingCertificate).toBe(leg1Cert);
  });

  it("“ManagedIdentityId is not defined”: it is a type of the package too, and what is none is refused with what there is", () => {
    const identity: ManagedIdentityId = { userAssignedClientId: UAMI_CLIENT_ID };
    expect(managedIdentity(identity)).toBeInstanceOf(ManagedIdentityApplication);
    // @ts-expect-error no kind of identity
    expect(() => managedIdentity("SystemAssigned")).toThrow(/system-assigned/);
  });

  it("“WithMtlsProofOfPossession() not found”: it is the request's `mtlsProofOfPossession` on every leg, and a slip names it", async () => {
    const slip = { mtlsProofOfPosession: true };
    const exchanger = new FicLeg2Exchanger({ ...leg2, assertions: new FicAssertionProvider(new FicLeg1Acquirer(sami())) });
    const asking = [
      leg1ConfApp.acquireTokenByClientCredential({ scopes, ...slip }),
      sami().acquireToken({ resource: EXCHANGE, ...slip }),
      exchanger.exchangeToken({ scopes, ...slip }),
    ];
    for (const one of asking) await expect(one).rejects.toThrow("did you mean `mtlsProofOfPossession`?");
  });

  it("“WithAttestationSupport() not found”: it is the option `attestation`, and a slip names it", () => {
    const slip = { attestaton: attestation };
    // @ts-expect-error as in types
    expect(() => managedIdentity("system-assigned", slip)).toThrow("did you mean `attestation`?");
  });

  it("“Leg 2 cert mismatch: ensure Leg 1's BindingCertificate is passed as TokenBindingCertificate”: another one is AADSTS500181, explained", async () => {
    const { accessToken } = await new FicLeg1Acquirer(leg1ConfApp).acquireToken();
    const { certificate: another } = await signedUp(seed);
    const clientAssertion = async () => ({ assertion: accessToken, tokenBindingCertificate: another });
    const asking = new ConfidentialClientApplication({ ...leg2, clientAssertion }).acquireTokenByClientCredential(bound);
    await expect(asking).rejects.toMatchObject({ aadErrorCodes: [500181], help: expect.stringMatching(/certificate/) });
  });

  it("“jwt-pop error: certificate binding is automatic when TokenBindingCertificate is set”: nothing else is to be said", async () => {
    const leg1Result = await new FicLeg1Acquirer(leg1ConfApp).acquireToken();
    await leg2App(leg1Result).acquireTokenByClientCredential({ scopes });
    expect(leg2Request().form).toMatchObject({ client_assertion_type: JWT_POP });
  });
});
