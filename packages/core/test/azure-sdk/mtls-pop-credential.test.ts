import { isTokenCredential } from "@azure/core-auth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MtlsPopCredential } from "../../src/azure-sdk/index.js";
import { refusal } from "../certificate/authority.js";
import { VAULT_SCOPE } from "../emulated.js";
import { given } from "../resource/calling.js";
import { thrown } from "../thrown.js";
import { type Sdk, sdk } from "./sdk.js";

let world: Sdk;
beforeAll(async () => {
  world = await sdk();
});
afterAll(() => world.close());

describe("MtlsPopCredential", () => {
  it("is a credential to the SDK", () => {
    expect(isTokenCredential(new MtlsPopCredential({ tokens: world.application() }))).toBe(true);
  });

  it("asks for a token with the claims of a challenge, past the cache", async () => {
    const credential = new MtlsPopCredential({ tokens: world.application() });
    const before = world.tokenRequests().length;
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    await credential.getToken(VAULT_SCOPE);
    await credential.getToken(VAULT_SCOPE);
    await credential.getToken(VAULT_SCOPE, { claims, enableCae: true, tenantId: "another-tenant" });
    const asked = world.tokenRequests().slice(before);
    expect(asked.map(({ form }) => form?.["claims"])).toEqual([undefined, claims]);
    // the tenant is that of the application, whatever a challenge says
    expect(asked.every(({ path }) => path.includes(world.emulator.tenantId))).toBe(true);
  });

  it("refuses a token that is not bound", async () => {
    const credential = new MtlsPopCredential({ tokens: given({ accessToken: "t", tokenType: "Bearer" }) });
    expect((await refusal(credential.getToken(VAULT_SCOPE))).code).toBe("token_not_bound");
  });

  it.each([[], ["a/.default", "b/.default"], "", [""], [1]])("refuses %j in place of one scope", async (scopes) => {
    const tokens = given({ accessToken: "t", tokenType: "mtls_pop", bindingCertificate: world.certificate });
    const credential = new MtlsPopCredential({ tokens });
    const asked: Promise<unknown> = Reflect.apply(credential.getToken, credential, [scopes]);
    expect((await refusal(asked)).code).toBe("invalid_options");
    expect(tokens.asked).toBe(0);
  });

  it("tells the token endpoint's refusal as it is", async () => {
    world.emulator.faults.add({ on: "token", kind: "entra-error", code: 700027 });
    const credential = new MtlsPopCredential({ tokens: world.application() });
    expect(await refusal(credential.getToken(VAULT_SCOPE))).toMatchObject({ kind: "service", aadErrorCodes: [700027] });
  });

  it.each(["abort", "timeout"] as const)("ends its wait with an AbortError on %s", async (kind) => {
    const credential = new MtlsPopCredential({ tokens: { acquireBoundToken: () => new Promise(() => undefined) } });
    const controller = new AbortController();
    const options = kind === "abort" ? { abortSignal: controller.signal } : { requestOptions: { timeout: 1 } };
    const waiting = credential.getToken(VAULT_SCOPE, options);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  });

  it("does not ask at all when it is aborted beforehand", async () => {
    const tokens = given({ accessToken: "t", tokenType: "mtls_pop", bindingCertificate: world.certificate });
    const asked = new MtlsPopCredential({ tokens }).getToken(VAULT_SCOPE, { abortSignal: AbortSignal.abort() });
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
    expect(tokens.asked).toBe(0);
  });

  it.each([
    [undefined, "takes an options object"],
    [{}, "needs `tokens`"],
    [{ tokens: {} }, "takes `tokens` as a token source"],
    [{ token: {} }, "did you mean `tokens`"],
  ])("refuses %o", (options, message) => {
    expect(thrown(() => Reflect.construct(MtlsPopCredential, [options])).message).toContain(message);
  });

  it("lends its method to nobody", async () => {
    const { getToken } = MtlsPopCredential.prototype;
    await expect(Reflect.apply(getToken, {}, [VAULT_SCOPE])).rejects.toThrow(TypeError);
  });
});
