import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AuthenticationResult } from "../../src/application/authentication-result.js";
import { ManagedIdentityApplication } from "../../src/application/managed-identity-application.js";
import { MtlsPopTokenAcquirer } from "../../src/application/mtls-pop-token-acquirer.js";
import { FicAssertionProvider } from "../../src/federated/fic-assertion-provider.js";
import { FicLeg1Acquirer } from "../../src/federated/fic-leg1-acquirer.js";
import { FicLeg2Exchanger } from "../../src/federated/fic-leg2-exchanger.js";
import type { AttestationProvider } from "../../src/managed-identity/attestation.js";
import { VAULT_SCOPE } from "../emulated.js";
import { thrown } from "../thrown.js";
import { EXCHANGE_SCOPE, twoLegs } from "./two-legs.js";

const scopes = [VAULT_SCOPE];
let legs: Awaited<ReturnType<typeof twoLegs>>;
let assertions: FicAssertionProvider;
beforeAll(async () => {
  legs = await twoLegs();
  assertions = new FicAssertionProvider(new FicLeg1Acquirer(legs.confidentialClient()));
});
beforeEach(() => legs.emulator.forgetRequests());
afterAll(() => legs.close());

describe("a managed identity as leg 2", () => {
  const refused = {
    code: "managed_identity_cannot_exchange",
    kind: "client",
    help: expect.stringContaining("ConfidentialClientApplication"),
  };

  it("FIC-05 does not compile as the exchanger's application, and is refused", () => {
    // @ts-expect-error a managed identity takes no assertion
    expect(thrown(() => new FicLeg2Exchanger(legs.managedIdentity(), assertions))).toMatchObject(refused);
  });

  it("FIC-05 does not compile as the exchanger's application without assertions, and is refused", () => {
    // @ts-expect-error a managed identity is no options of a confidential client
    expect(thrown(() => new FicLeg2Exchanger(legs.managedIdentity()))).toMatchObject(refused);
  });

  it("FIC-05 does not compile as the exchanger's options, and is refused", () => {
    // @ts-expect-error an `identity` is a managed identity's
    expect(thrown(() => new FicLeg2Exchanger({ ...legs.leg2Options, assertions, identity: "system-assigned" }))).toMatchObject(refused);
  });

  it("FIC-05 does not compile with a `clientAssertion` of its own, and is refused", () => {
    const clientAssertion = () => assertions.createAssertion();
    // @ts-expect-error a managed identity has no such option
    expect(thrown(() => new ManagedIdentityApplication({ clientAssertion }))).toMatchObject(refused);
    // @ts-expect-error nor this one
    expect(thrown(() => new ManagedIdentityApplication({ assertions }))).toMatchObject(refused);
  });

  it("FIC-05 has no method that exchanges", () => {
    const managedIdentity = legs.managedIdentity();
    // @ts-expect-error a confidential client alone has it
    expect(managedIdentity.withClientAssertion).toBeUndefined();
  });
});

describe("FicLeg1Acquirer", () => {
  it.each([[undefined], [null], [7], ["application"], [[]], [{}], [{ acquireBoundToken: 7 }]])("is not made of %j", (application) => {
    expect(thrown(() => new FicLeg1Acquirer(application as never))).toMatchObject({
      code: "invalid_options",
      message: expect.stringContaining("takes an application"),
    });
  });

  it.each([
    [{ fmipath: "a" }, "did you mean `fmiPath`"],
    [{ fmiPath: 7 }, "`fmiPath`"],
    [{ tokenExchangeUrl: "api://elsewhere" }, '"api://AzureADTokenExchangeChina"'],
    [null, "options object"],
  ])("says what is wrong with the options %j", (options, words) => {
    expect(thrown(() => new FicLeg1Acquirer(legs.confidentialClient(), options as never)).message).toContain(words);
  });

  it("takes no fmi path with a managed identity", () => {
    expect(thrown(() => new FicLeg1Acquirer(legs.managedIdentity(), { fmiPath: "agents/1" }))).toMatchObject({
      code: "invalid_options",
      message: expect.stringContaining("`fmiPath`"),
    });
  });

  it("sends the fmi path of a confidential client's leg 1, and keeps one path's tokens from another's", async () => {
    const application = legs.confidentialClient();
    const tokens = await Promise.all(
      [undefined, "agents/1", "agents/2"].map((fmiPath) => new FicLeg1Acquirer(application, fmiPath ? { fmiPath } : {}).acquireToken()),
    );
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(3);
    expect(legs.leg1Requests().map(({ form }) => [form?.["scope"], form?.["fmi_path"]])).toEqual([
      [EXCHANGE_SCOPE, undefined],
      [EXCHANGE_SCOPE, "agents/1"],
      [EXCHANGE_SCOPE, "agents/2"],
    ]);
  });

  it("has an application that is itself a leg 2 as its leg 1, as an agent has", async () => {
    const blueprint = legs.leg2Application(assertions);
    const subject = legs.emulator.applications.get(legs.leg2ClientId)?.objectId ?? "";
    const agent = "00000000-0000-0000-0000-0000000000a9";
    legs.emulator.applications.register({ clientId: agent, federatedSubjects: [subject] });
    const leg1 = new FicLeg1Acquirer(blueprint, { fmiPath: agent });
    const leg2 = new FicLeg2Exchanger({ ...legs.leg2Options, clientId: agent, assertions: new FicAssertionProvider(leg1) });
    const result = await leg2.exchangeToken({ scopes, mtlsProofOfPossession: true });
    expect(result.bindingCertificate).toBe(legs.certificate);
    expect(legs.leg2Requests().map(({ form }) => form?.["fmi_path"])).toEqual([agent]);
  });

  it.each([{ scopes }, { correlationId: "7" }, { signal: 7 }, 7, null])("refuses the request %j", async (request) => {
    const acquiring = new FicLeg1Acquirer(legs.confidentialClient()).acquireToken(request as never);
    await expect(acquiring).rejects.toMatchObject({ code: "invalid_options" });
  });

  it("refuses what its application gives when that is no bound token for the exchange", async () => {
    const give = (result: AuthenticationResult) => new FicLeg1Acquirer({ acquireBoundToken: async () => result }).acquireToken();
    const application = legs.confidentialClient();
    await expect(give(await application.acquireTokenByClientCredential({ scopes: [EXCHANGE_SCOPE] }))).rejects.toMatchObject({
      code: "token_not_bound",
      message: expect.stringContaining('"Bearer"'),
    });
    await expect(give(await application.acquireBoundToken({ scopes }))).rejects.toMatchObject({
      code: "invalid_options",
      message: expect.stringContaining(VAULT_SCOPE),
    });
  });

  it("ends with the caller's signal", async () => {
    const acquiring = new FicLeg1Acquirer(legs.confidentialClient()).acquireToken({ signal: AbortSignal.abort(new Error("gone")) });
    await expect(acquiring).rejects.toThrow("gone");
  });
});

describe("FicAssertionProvider", () => {
  it("is made of a bound result for the exchange, and of no other", async () => {
    const application = legs.confidentialClient();
    const of = (result: unknown) => thrown(() => new FicAssertionProvider(result as never));
    expect(of(await application.acquireTokenByClientCredential({ scopes: [EXCHANGE_SCOPE] })).code).toBe("token_not_bound");
    expect(of(await application.acquireBoundToken({ scopes })).code).toBe("invalid_options");
    expect(of(new FicLeg1Acquirer(application).acquireToken()).message).toContain("awaited");
    for (const odd of [undefined, null, 7, "a.b.c", {}, application]) expect(of(odd).code).toBe("invalid_options");
  });

  it("refuses a Bearer token although a certificate comes with it, and a resource that begins as the exchange's does", async () => {
    const result = await new FicLeg1Acquirer(legs.confidentialClient()).acquireToken();
    const { accessToken, expiresOn } = result;
    const like = (over: object) => new AuthenticationResult({ ...result, accessToken, expiresOn, ...over });
    expect(thrown(() => new FicAssertionProvider(like({ tokenType: "Bearer" })))).toMatchObject({ code: "token_not_bound" });
    const elsewhere = like({ scopes: ["api://AzureADTokenExchangeElsewhere/.default"] });
    expect(thrown(() => new FicAssertionProvider(elsewhere))).toMatchObject({ code: "invalid_options" });
    expect(() => new FicAssertionProvider(like({ scopes: ["api://AzureADTokenExchange"] }))).not.toThrow();
  });

  it("refuses a bound result without its certificate", async () => {
    const result = await new FicLeg1Acquirer(legs.confidentialClient()).acquireToken();
    const { accessToken, expiresOn } = result;
    const bare = new AuthenticationResult({ ...result, accessToken, expiresOn, bindingCertificate: undefined });
    expect(thrown(() => new FicAssertionProvider(bare))).toMatchObject({
      code: "token_not_bound",
      message: expect.stringContaining("no binding"),
    });
  });

  it("gives assertion and certificate by default, and the assertion alone when it is told so", async () => {
    const leg1Result = await new FicLeg1Acquirer(legs.confidentialClient()).acquireToken();
    for (const provider of [assertions, new FicAssertionProvider(leg1Result)]) {
      const expected = { assertion: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/), tokenBindingCertificate: legs.certificate };
      expect({ ...(await provider.createAssertion()) }).toEqual(expected);
      expect({ ...(await provider.createAssertion({ bindCertificate: true })) }).toEqual(expected);
      const bare = await provider.createAssertion({ bindCertificate: false });
      expect({ ...bare }).toEqual({ ...expected, tokenBindingCertificate: undefined });
    }
  });

  it("sends an assertion without its certificate as jwt-bearer to the login host, which refuses it", async () => {
    const leg2 = legs.leg2Application(() => assertions.createAssertion({ bindCertificate: false }));
    await expect(leg2.acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({ kind: "service", code: "invalid_client" });
    expect(legs.leg2Requests()).toMatchObject([
      {
        host: "login.emulator.localhost",
        form: { client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" },
      },
    ]);
    expect(legs.leg2Requests()[0]?.clientCertificate).toBeUndefined();
  });

  it("refuses the certificate's absence for a bound token before leg 1 is asked", async () => {
    const provider = new FicAssertionProvider(new FicLeg1Acquirer(legs.confidentialClient()));
    await expect(provider.createAssertion({ bindCertificate: false, mtlsProofOfPossession: true })).rejects.toMatchObject({
      code: "mtls_certificate_not_provided",
    });
    expect(legs.tokenRequests()).toEqual([]);
  });

  it.each([
    [{ bindCertficate: true }, "did you mean `bindCertificate`"],
    [{ bindCertificate: "no" }, "`bindCertificate`"],
    [true, "options object"],
  ])("says what is wrong with %j", async (options, words) => {
    await expect(assertions.createAssertion(options as never)).rejects.toThrow(words);
  });

  it.each([[{ clok: {} }], [{ clock: 7 }], [7], [null]])("takes no options such as %j", (options) => {
    expect(thrown(() => new FicAssertionProvider(new FicLeg1Acquirer(legs.confidentialClient()), options as never))).toMatchObject({
      code: "invalid_options",
      message: expect.stringContaining("FicAssertionProvider"),
    });
  });

  it("shows no token in inspect and JSON, and its class has none either", async () => {
    const signed = await assertions.createAssertion();
    const shown = inspect([signed, assertions], { depth: 9, showHidden: true }) + JSON.stringify([signed, assertions]);
    expect(shown).toContain("[redacted]");
    expect(shown).not.toContain(signed.assertion);
  });

  it("asks leg 1 under the correlation id of leg 2", async () => {
    const correlationId = "c0ffee00-0000-4000-8000-000000000000";
    await legs.exchanger(legs.confidentialClient()).exchangeToken({ scopes, correlationId });
    expect(legs.tokenRequests().map(({ headers }) => headers["client-request-id"])).toEqual([correlationId, correlationId]);
  });
});

describe("FicLeg2Exchanger", () => {
  it("takes an application, whose own credential the assertions replace", async () => {
    const application = legs.leg2Application(() => Promise.reject(new Error("not asked")));
    for (const one of [application, legs.confidentialClient({ clientId: legs.leg2ClientId })]) {
      const result = await new FicLeg2Exchanger(one, assertions).exchangeToken({ scopes, mtlsProofOfPossession: true });
      expect(result).toMatchObject({ tokenType: "mtls_pop", bindingCertificate: legs.certificate });
    }
    expect(legs.leg2Requests()).toHaveLength(2);
    expect(legs.leg2Requests().every(({ form }) => form?.["client_assertion"])).toBe(true);
  });

  it("gives a bound token to whoever takes a BoundTokenSource, whatever else is asked", async () => {
    const leg2 = legs.exchanger(legs.confidentialClient());
    const weaker = { scopes, mtlsProofOfPossession: false };
    expect((await leg2.acquireBoundToken(weaker)).tokenType).toBe("mtls_pop");
    expect((await leg2.exchangeToken({ scopes })).tokenType).toBe("Bearer");
  });

  it("refuses a scope without /.default with the corrected one, before leg 1 is asked", async () => {
    const leg2 = legs.exchanger(legs.confidentialClient());
    for (const mtlsProofOfPossession of [true, false]) {
      await expect(leg2.exchangeToken({ scopes: ["https://graph.microsoft.com/"], mtlsProofOfPossession })).rejects.toMatchObject({
        code: "invalid_options",
        message: expect.stringContaining('Use "https://graph.microsoft.com/.default".'),
      });
    }
    expect(legs.tokenRequests()).toEqual([]);
  });

  it.each<[object, string]>([
    [{ assertions: undefined }, "`assertions` as a FicAssertionProvider"],
    [{ assertions: async () => ({ assertion: "a.b.c" }) }, "`assertions` as a FicAssertionProvider"],
    [{ clientAssertion: async () => ({ assertion: "a.b.c" }) }, "`clientAssertion`"],
    [{ certificate: "pem" }, "`certificate`"],
    [{ azureregion: "westus3" }, "did you mean `azureRegion`"],
  ])("says what is wrong with the options %o", (over, words) => {
    expect(thrown(() => legs.exchanger(legs.confidentialClient(), over as never))).toMatchObject({
      code: "invalid_options",
      message: expect.stringContaining(words),
    });
  });

  it.each([[undefined], [null], [7], ["application"], [[]]])("is not made of %j", (given) => {
    expect(thrown(() => new FicLeg2Exchanger(given as never)).code).toBe("invalid_options");
  });

  it("is not made of an application without assertions, of one with a leg 1 in their place, or of options and assertions", () => {
    const application = legs.leg2Application(assertions);
    const make = (...given: unknown[]) => thrown(() => new FicLeg2Exchanger(...(given as [never, never])));
    expect(make(application).message).toContain("FicAssertionProvider");
    expect(make(application, new FicLeg1Acquirer(application)).message).toContain("FicAssertionProvider");
    expect(make({ ...legs.leg2Options, assertions }, assertions).message).toContain("options alone");
    expect(make(new MtlsPopTokenAcquirer(application), assertions).code).toBe("invalid_options");
  });

  it("tells where leg 1's managed identity comes from, when no certificate is issued there, and asks nobody", async () => {
    const leg2 = legs.exchanger(legs.managedIdentity({ env: legs.emulator.appService.environment }));
    for (const mtlsProofOfPossession of [true, false]) {
      await expect(leg2.exchangeToken({ scopes, mtlsProofOfPossession })).rejects.toMatchObject({
        code: "mtls_pop_not_supported_for_environment",
        message: expect.stringContaining("App Service"),
      });
    }
    expect(legs.emulator.requests).toEqual([]);
  });

  it("tells what leg 1 failed with", async () => {
    legs.emulator.faults.add({ on: "token", kind: "entra-error", code: 700027 });
    await expect(legs.exchanger(legs.confidentialClient()).exchangeToken({ scopes })).rejects.toMatchObject({ aadErrorCodes: [700027] });
    expect(legs.leg2Requests()).toEqual([]);
  });

  it("ends with the caller's signal while leg 1's certificate is minted, and so does the mint", async () => {
    let minting: AbortSignal | undefined;
    const attestation: AttestationProvider = ({ signal }) => {
      minting = signal;
      return new Promise(() => {});
    };
    const controller = new AbortController();
    const leg2 = legs.exchanger(legs.managedIdentity({ attestation }));
    const exchanging = leg2.exchangeToken({ scopes, signal: controller.signal });
    await expect.poll(() => minting).toBeDefined();
    controller.abort(new Error("enough"));
    await expect(exchanging).rejects.toThrow("enough");
    expect(minting?.aborted).toBe(true);
  });

  it("ends with the caller's signal, in leg 1 and in leg 2, and leaves nothing behind", async () => {
    for (const times of [1, 2]) {
      legs.emulator.forgetRequests();
      const leg1 = legs.confidentialClient();
      if (times === 2) await new FicLeg1Acquirer(leg1).acquireToken();
      legs.emulator.faults.add({ on: "token", kind: "hang" });
      const controller = new AbortController();
      const exchanging = legs.exchanger(leg1).exchangeToken({ scopes, signal: controller.signal });
      await expect.poll(() => legs.tokenRequests().length).toBe(times);
      controller.abort(new Error("enough"));
      await expect(exchanging).rejects.toThrow("enough");
      await legs.emulator.connectionClosed(legs.tokenRequests().at(-1)?.connectionId ?? 0);
    }
  });
});
