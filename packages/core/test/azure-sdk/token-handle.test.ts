import { inspect } from "node:util";
import { createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import { SecretClient } from "@azure/keyvault-secrets";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BoundToken } from "../../src/application/bound-token-source.js";
import { MtlsPopCredential } from "../../src/azure-sdk/index.js";
import { refusal } from "../certificate/authority.js";
import { VAULT_SCOPE } from "../emulated.js";
import { given } from "../resource/calling.js";
import { EMULATED, type Sdk, sdk } from "./sdk.js";

let world: Sdk;
let token: BoundToken;
beforeAll(async () => {
  world = await sdk();
  world.emulator.keyVault.secrets.set("my-secret", "s3cret");
  token = await world.tokenOf(world.certificate, VAULT_SCOPE);
});
afterAll(() => world.close());

describe("the handle", () => {
  it("is all that a server sees when the SDK client was not given our HTTP client", async () => {
    const before = world.vaultRequests().length;
    const credential = new MtlsPopCredential({ tokens: given(token) });
    const client = new SecretClient(world.resources.vault.baseUrl, credential, {
      ...EMULATED,
      additionalPolicies: [
        {
          position: "perRetry",
          policy: {
            name: "reach-the-emulator",
            sendRequest: (request, next) => {
              request.requestOverrides = { lookup: world.emulator.lookup, ca: world.emulator.ca };
              return next(request);
            },
          },
        },
      ],
    });
    await expect(client.setSecret("mine", "value")).rejects.toMatchObject({ statusCode: 401 });
    const sent = world.vaultRequests().slice(before);
    const authorizations = sent.map(({ headers }) => headers["authorization"]);
    expect(authorizations).toEqual([undefined, expect.stringMatching(/^Bearer mtls-pop-handle-not-a-token:/)]);
    expect(inspect(sent, { depth: null, maxStringLength: null })).not.toContain(token.accessToken.split(".")[2]);
  });

  it("is what getToken gives, however often: not the token, nor a part of it", async () => {
    const credential = new MtlsPopCredential({ tokens: given(token) });
    const handle = await credential.getToken(VAULT_SCOPE);
    expect(await credential.getToken([VAULT_SCOPE])).toMatchObject({ token: handle.token });
    for (const part of token.accessToken.split(".")) expect(handle.token).not.toContain(part);
    expect(handle.token).not.toMatch(/eyJ/);
    expect(handle).not.toHaveProperty("tokenType");
  });

  it("lasts as long as the token, or is asked for again after some minutes", async () => {
    const result = await world.application().acquireTokenByClientCredential({ scopes: [VAULT_SCOPE], mtlsProofOfPossession: true });
    const known = await new MtlsPopCredential({ tokens: given(result) }).getToken(VAULT_SCOPE);
    expect(known.expiresOnTimestamp).toBe(result.expiresOn.getTime());
    const unknown = await new MtlsPopCredential({
      tokens: given({ accessToken: "a", tokenType: "mtls_pop", bindingCertificate: world.certificate }),
    }).getToken(VAULT_SCOPE);
    expect(unknown.expiresOnTimestamp - Date.now()).toBeGreaterThan(5 * 60_000);
    expect(unknown.expiresOnTimestamp - Date.now()).toBeLessThanOrEqual(10 * 60_000);
  });

  it("of another credential is refused before anything is sent", async () => {
    const { httpClient } = world.clients();
    const other = new MtlsPopCredential({ tokens: world.application() });
    const before = world.emulator.requests.length;
    const { token: handle } = await other.getToken(VAULT_SCOPE);
    for (const authorization of [`Bearer ${handle}`, `Bearer ${token.accessToken}`, "SharedKey account:signature", "Basic YTpi", handle]) {
      const request = createPipelineRequest({
        url: `${world.resources.vault.baseUrl}/secrets/my-secret?api-version=7.4`,
        headers: createHttpHeaders({ authorization }),
      });
      const error = await refusal(httpClient.sendRequest(request));
      expect(error.code).toBe("authorization_header_refused");
      expect(error.message).not.toContain(token.accessToken);
    }
    expect(world.emulator.requests.slice(before).filter(({ server }) => server !== "token")).toEqual([]);
    await httpClient.close();
  });

  it("for another scope than the resource's is refused, and the error says how to configure it", async () => {
    const { credential, httpClient } = world.clients();
    const { token: handle } = await credential.getToken(world.customApi.scope);
    const request = createPipelineRequest({
      url: `${world.resources.vault.baseUrl}/secrets/my-secret?api-version=7.4`,
      headers: createHttpHeaders({ authorization: `Bearer ${handle}` }),
    });
    const error = await refusal(httpClient.sendRequest(request));
    expect(error).toMatchObject({ code: "resource_not_configured", help: expect.stringContaining(`scope: "${world.customApi.scope}"`) });
    await httpClient.close();
  });

  it("stays out of what a credential and its client print", async () => {
    const { credential, httpClient } = world.clients();
    const { token: handle } = await credential.getToken(VAULT_SCOPE);
    for (const printed of [inspect(credential, { depth: null, showHidden: true }), JSON.stringify(credential), inspect(httpClient)]) {
      expect(printed).not.toContain(handle);
    }
    await httpClient.close();
  });
});
