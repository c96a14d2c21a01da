import { app } from "@azure/functions";
import { type BoundToken, type BoundTokenSource, ConfidentialClientApplication, certificateFromEnvironment } from "@mtls-pop/core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { withMtlsPop } from "../src/index.js";
import { type LocalApp, localApp, orders, SECRET, secretPath, VAULT_SCOPE, vault } from "./local-app.js";

let local: LocalApp;

beforeAll(async () => {
  local = await localApp();
});

afterEach(() => {
  local.emulator.faults.clear();
  vi.restoreAllMocks();
});

afterAll(() => local.close());

const readSecret = (options: { tokens?: BoundTokenSource; warmup?: boolean }) =>
  app.http("readSecret", {
    handler: withMtlsPop({ ...options, resources: { vault } }, async (_request, _context, clients) => {
      return { jsonBody: await (await clients.vault(secretPath)).json() };
    }),
  });

/** What is logged outside an invocation, from its next line on. */
function nextWarning(): Promise<string> {
  return new Promise((resolve) => vi.spyOn(console, "warn").mockImplementation((line) => resolve(String(line))));
}

/** A source that says when it has given its first token. */
function tellingSource(): { tokens: BoundTokenSource; given: Promise<BoundToken> } {
  const { AZURE_CLIENT_ID: clientId, MTLS_POP_KNOWN_AUTHORITIES: known } = local.settings;
  const application = new ConfidentialClientApplication({
    clientId,
    authority: local.emulator.authority,
    knownAuthorities: [known],
    certificate: certificateFromEnvironment({ env: { ...local.settings } }),
    transport: { ca: local.emulator.ca, lookup: local.emulator.lookup },
  });
  let tell: (token: BoundToken) => void = () => undefined;
  const given = new Promise<BoundToken>((resolve) => {
    tell = resolve;
  });
  const acquireBoundToken: BoundTokenSource["acquireBoundToken"] = async (request) => {
    const token = await application.acquireBoundToken(request);
    tell(token);
    return token;
  };
  return { tokens: { acquireBoundToken }, given };
}

describe("warmup", () => {
  it("acquires the token when the app starts, so that the first call asks for none", async () => {
    const { tokens, given } = tellingSource();
    const host = await local.host(() => readSecret({ tokens, warmup: true }));
    await given;
    expect(local.requests("token").map(({ form }) => form?.["scope"])).toEqual([VAULT_SCOPE]);
    local.emulator.forgetRequests();
    expect(await (await fetch(`${host.url}/api/readSecret`)).json()).toMatchObject({ value: SECRET });
    expect(local.requests("token")).toEqual([]);
  });

  it("is joined by a call that comes before it is done", async () => {
    const host = await local.host(() => readSecret({ warmup: true }));
    expect((await fetch(`${host.url}/api/readSecret`)).status).toBe(200);
    expect(local.requests("token")).toHaveLength(1);
  });

  it("acquires a token for each of the resources, with its own scope and source", async () => {
    const forVault = tellingSource();
    const forOrders = tellingSource();
    const resources = { vault: { ...vault, tokens: forVault.tokens }, orders: { ...orders, tokens: forOrders.tokens } };
    await local.host(() => app.http("both", { handler: withMtlsPop({ resources, warmup: true }, async () => ({})) }));
    await Promise.all([forVault.given, forOrders.given]);
    const scopes = local.requests("token").map(({ form }) => form?.["scope"]);
    expect(scopes.sort()).toEqual([local.settings.ORDERS_SCOPE, VAULT_SCOPE].sort());
  });

  it("ends with the app, and says nothing of it", async () => {
    const warn = vi.spyOn(console, "warn");
    local.emulator.faults.add({ on: "token", kind: "hang" });
    const host = await local.host(() => readSecret({ warmup: true }));
    while (local.requests("token").length === 0) await new Promise(setImmediate);
    await host.close();
    await local.emulator.connectionClosed(local.requests("token")[0]?.connectionId ?? 0);
    expect(local.requests("token")).toHaveLength(1);
    expect(warn).not.toHaveBeenCalled();
  });

  it("is not done unless it is asked for", async () => {
    const host = await local.host(() => {
      readSecret({ warmup: false });
      app.timer("tick", { schedule: "0 0 * * * *", handler: withMtlsPop(async () => undefined) });
    });
    await host.invoke("tick");
    expect(local.emulator.requests).toEqual([]);
  });

  it("that fails is logged with code and help, and the first call tries again", async () => {
    const warning = nextWarning();
    local.emulator.faults.add({ on: "token", kind: "entra-error", code: 392189 });
    const host = await local.host(() => readSecret({ warmup: true }));
    expect(await warning).toMatch(
      /^\[mtls-pop\] The warm-up failed; the first call tries again\. invalid_client: .*subject name and issuer/s,
    );
    expect((await fetch(`${host.url}/api/readSecret`)).status).toBe(200);
  });

  it("without resources loads the certificate, and says when it cannot", async () => {
    const warning = nextWarning();
    const path = "/nowhere/app.pem";
    await local.host(() => app.http("none", { handler: withMtlsPop({ warmup: true }, async () => ({})) }), {
      AZURE_CLIENT_CERTIFICATE_PATH: path,
    });
    expect(await warning).toContain("certificate_unreadable");
    expect(local.emulator.requests).toEqual([]);
  });

  it("is one for all functions that say the same, also when it fails", async () => {
    const warnings: unknown[] = [];
    vi.spyOn(console, "warn").mockImplementation((line) => warnings.push(line));
    const host = await local.host(
      () => {
        for (const name of ["one", "two", "three"])
          app.http(name, { handler: withMtlsPop({ resources: { vault }, warmup: true }, () => ({})) });
      },
      { AZURE_CLIENT_ID: "" },
    );
    expect((await fetch(`${host.url}/api/one`)).status).toBe(500);
    expect(warnings).toEqual([expect.stringContaining("settings_missing")]);
  });

  it("that has no settings leaves the app running", async () => {
    const warning = nextWarning();
    const host = await local.host(() => readSecret({ warmup: true }), { AZURE_CLIENT_ID: "" });
    expect(await warning).toContain("settings_missing");
    expect((await fetch(`${host.url}/api/readSecret`)).status).toBe(500);
  });

  it.each([undefined, null, "text", Symbol("a symbol"), Object.create(null), new Error("Out of order.")])(
    "survives a source that throws %s",
    async (thrown) => {
      const warning = nextWarning();
      const tokens: BoundTokenSource = { acquireBoundToken: () => Promise.reject(thrown) };
      await local.host(() => readSecret({ tokens, warmup: true }));
      expect(await warning).toContain(thrown instanceof Error ? "Error: Out of order." : "The token source threw a value of type ");
    },
  );
});

describe("a call whose token source throws", () => {
  it.each(["text", Object.create(null), new Error("Out of order.")])("passes it on unchanged: %o", async (thrown) => {
    const seen: unknown[] = [];
    const tokens: BoundTokenSource = { acquireBoundToken: () => Promise.reject(thrown) };
    const host = await local.host(() =>
      app.timer("tick", {
        schedule: "0 0 * * * *",
        handler: withMtlsPop({ tokens }, (_timer, _context, { acquireToken }) =>
          acquireToken({ scopes: [VAULT_SCOPE] }).catch((error: unknown) => {
            seen.push(error);
            throw error;
          }),
        ),
      }),
    );
    await expect(host.invoke("tick")).rejects.toBe(thrown);
    expect(seen).toEqual([thrown]);
  });

  it.each([undefined, null, { accessToken: "a", tokenType: "Bearer" }, { accessToken: "a", tokenType: "mtls_pop" }, { accessToken: "a" }])(
    "is refused when it gives %j in place of a bound token",
    async (given) => {
      const tokens: BoundTokenSource = { acquireBoundToken: async () => given as BoundToken };
      const host = await local.host(() =>
        app.timer("tick", {
          schedule: "0 0 * * * *",
          handler: withMtlsPop({ tokens }, (_timer, _context, { acquireToken }) => acquireToken({ scopes: [VAULT_SCOPE] })),
        }),
      );
      await expect(host.invoke("tick")).rejects.toMatchObject({ code: "token_not_bound" });
    },
  );
});
