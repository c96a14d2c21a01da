import { app, type HttpRequest, HttpResponse } from "@azure/functions";
import { MtlsPopError } from "@mtls-pop/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withMtlsPop } from "../src/index.js";
import { type LocalApp, localApp, SECRET, secretPath, VAULT_SCOPE, vault } from "./local-app.js";

let local: LocalApp;

beforeAll(async () => {
  local = await localApp();
});

afterAll(() => local.close());

const readSecret = () =>
  app.get("readSecret", {
    route: "secrets/{name}",
    handler: withMtlsPop({ resources: { vault } }, async (request: HttpRequest, _context, clients) => {
      const response = await clients.vault(`/secrets/${request.params["name"]}?api-version=7.4`);
      return { status: response.status, jsonBody: await response.json() };
    }),
  });

describe("an HTTP function", () => {
  it("reads a secret with a token that is bound to the certificate of the connection", async () => {
    const host = await local.host(readSecret);
    const response = await fetch(`${host.url}/api/secrets/my-secret`);
    expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ value: SECRET })]);
    const [tokenRequest] = local.requests("token");
    expect(tokenRequest?.form).toMatchObject({ token_type: "mtls_pop", scope: VAULT_SCOPE });
    expect(tokenRequest?.clientCertificate).toEqual(local.certificate.certificateDer);
    expect(local.requests("key-vault").at(-1)?.clientCertificate).toEqual(local.certificate.certificateDer);
  });

  it("asks for no second token and no second connection", async () => {
    const host = await local.host(readSecret);
    await (await fetch(`${host.url}/api/secrets/my-secret`)).json();
    await (await fetch(`${host.url}/api/secrets/my-secret`)).json();
    expect(local.requests("token")).toHaveLength(1);
    expect(new Set(local.requests("key-vault").map(({ connectionId }) => connectionId)).size).toBe(1);
  });

  it("makes one token request for 100 first invocations at once", async () => {
    const host = await local.host(readSecret);
    const responses = await Promise.all(Array.from({ length: 100 }, () => fetch(`${host.url}/api/secrets/my-secret`)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    await Promise.all(responses.map((response) => response.text()));
    expect(local.requests("token")).toHaveLength(1);
  });

  it("calls with `fetch` what is configured, and nothing else", async () => {
    const host = await local.host(() =>
      app.get("fetched", {
        handler: withMtlsPop({ resources: { vault } }, async (request: HttpRequest, _context, clients) => {
          return { status: (await clients.fetch(request.query.get("url") ?? "")).status };
        }),
      }),
    );
    const call = async (url: string) => fetch(`${host.url}/api/fetched?url=${encodeURIComponent(url)}`);
    expect((await call(`${local.settings.KEY_VAULT_URL}${secretPath}`)).status).toBe(200);
    const refused = await call("https://evil.example/");
    expect([refused.status, await refused.json()]).toEqual([
      500,
      { error: { code: "resource_not_configured", correlationId: expect.any(String) } },
    ]);
  });

  it("gets a bound token, its certificate and its expiry from `acquireToken`", async () => {
    const host = await local.host(() =>
      app.get("token", {
        handler: withMtlsPop(async (_request, _context, { acquireToken }) => {
          const { tokenType, bindingCertificate, expiresOn, metadata } = await acquireToken({ scopes: [VAULT_SCOPE] });
          return { jsonBody: { tokenType, thumbprint: bindingCertificate?.thumbprint, expiresOn, source: metadata.tokenSource } };
        }),
      }),
    );
    const token = async () => (await fetch(`${host.url}/api/token`)).json();
    const { thumbprint } = local.certificate;
    expect(await token()).toMatchObject({ tokenType: "mtls_pop", thumbprint, source: "IdentityProvider", expiresOn: expect.any(String) });
    expect(await token()).toMatchObject({ tokenType: "mtls_pop", thumbprint, source: "Cache" });
  });

  it("answers with what the handler returns, an HttpResponse too", async () => {
    const host = await local.host(() =>
      app.get(
        "built",
        withMtlsPop(() => new HttpResponse({ status: 418, body: "teapot" })),
      ),
    );
    const response = await fetch(`${host.url}/api/built`);
    expect([response.status, await response.text()]).toEqual([418, "teapot"]);
  });

  it("passes on what the handler throws, unchanged", async () => {
    const thrown = new RangeError("my own", { cause: new MtlsPopError("timeout", "inside") });
    const seen: unknown[] = [];
    const host = await local.host(() => {
      app.get(
        "throws",
        withMtlsPop(() => Promise.reject(thrown)),
      );
      app.hook.postInvocation(({ error }) => void seen.push(error));
    });
    const response = await fetch(`${host.url}/api/throws`);
    expect([response.status, await response.text()]).toEqual([500, ""]);
    expect(seen).toEqual([thrown]);
    expect(seen[0]).toBe(thrown);
    expect(host.logs.filter(({ message }) => message.includes("[mtls-pop]"))).toEqual([]);
  });
});
