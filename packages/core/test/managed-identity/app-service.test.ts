import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ManagedIdentityOptions } from "../../src/application/managed-identity-options.js";
import { startAzureHost, VAULT } from "../azure-host.js";
import { TestClock } from "../emulated.js";
import { startHttpServer } from "../transport/control-servers.js";

let azure: Awaited<ReturnType<typeof startAzureHost>>;
/** An endpoint that answers what a test gives it, then 404. */
let scripted: Awaited<ReturnType<typeof startScripted>>;
beforeAll(async () => {
  azure = await startAzureHost();
  scripted = await startScripted();
});
afterAll(() => Promise.all([azure.close(), scripted.close()]));
beforeEach(() => azure.emulator.forgetRequests());
afterEach(() => expect(scripted.answers.splice(0)).toEqual([]));

async function startScripted() {
  const answers: { status: number; headers?: Record<string, string>; body?: string }[] = [];
  const server = await startHttpServer(async () => answers.shift() ?? { status: 418 });
  const env = { IDENTITY_ENDPOINT: `${server.url}/msi/token`, IDENTITY_HEADER: "secret" };
  return { answers, env, close: server.close };
}

const onAppService = (over: ManagedIdentityOptions = {}) => azure.application({ env: azure.onAppService, ...over });
/** An application whose endpoint answers as scripted. */
function answered(...answers: typeof scripted.answers) {
  scripted.answers.push(...answers);
  const clock = new TestClock();
  return { clock, application: azure.application({ env: scripted.env, clock }) };
}
const inOneHour = () => String(Math.floor(Date.now() / 1000) + 3600);
const good = (over: object = {}) => ({
  status: 200,
  body: JSON.stringify({ access_token: "a.b.c", expires_on: inOneHour(), resource: VAULT, token_type: "Bearer", client_id: "x", ...over }),
});

describe("a Bearer token of App Service", () => {
  it("is refused in an answer of more than 1 MiB", async () => {
    const { application } = answered({ status: 200, body: "x".repeat(1024 * 1024 + 1) });
    await expect(application.acquireToken({ resource: VAULT })).rejects.toMatchObject({ code: "invalid_managed_identity_response" });
  });

  it("is asked for with the header and the version of its endpoint", async () => {
    const result = await onAppService().acquireToken({ resource: VAULT, correlationId: "6325cd32-9911-41f3-819c-416cdf9104e7" });
    expect(result).toMatchObject({
      tokenType: "Bearer",
      bindingCertificate: undefined,
      scopes: [`${VAULT}/.default`],
      tenantId: "managed_identity",
      correlationId: "6325cd32-9911-41f3-819c-416cdf9104e7",
      metadata: { tokenSource: "IdentityProvider", tokenEndpoint: azure.onAppService.IDENTITY_ENDPOINT },
    });
    expect(result.createAuthorizationHeader()).toBe(`Bearer ${result.accessToken}`);
    expect(Math.abs(result.expiresOn.getTime() - Date.now() - 3600_000)).toBeLessThan(60_000);
    expect(azure.appServiceRequests()).toEqual([
      expect.objectContaining({
        method: "GET",
        query: { "api-version": "2019-08-01", resource: VAULT },
        headers: expect.objectContaining({ "x-identity-header": azure.onAppService.IDENTITY_HEADER }),
      }),
    ]);
  });

  it("is asked for at the endpoint, and with the header, that the environment names now", async () => {
    const env: NodeJS.ProcessEnv = { IDENTITY_ENDPOINT: "http://127.0.0.1:1", IDENTITY_HEADER: "old" };
    const application = azure.application({ env });
    await expect(application.acquireToken({ resource: VAULT })).rejects.toMatchObject({ code: "network_error" });
    Object.assign(env, azure.onAppService);
    expect((await application.acquireToken({ resource: VAULT })).tokenType).toBe("Bearer");
  });

  it.each([404, 408, 429, 500, 503, 504])("is asked for 4 times, 1 s apart, on status %d", async (status) => {
    const { application, clock } = answered({ status }, { status }, { status }, good());
    expect((await application.acquireToken({ resource: VAULT })).accessToken).toBe("a.b.c");
    expect(clock.slept).toEqual([1000, 1000, 1000]);
    const { application: another } = answered(...Array(4).fill({ status }));
    await expect(another.acquireToken({ resource: VAULT })).rejects.toMatchObject({
      code: "managed_identity_error",
      statusCode: status,
      retryable: true,
    });
  });

  it.each([400, 401, 403, 410, 501, 502])("is not asked for again on status %d", async (status) => {
    const { application, clock } = answered({ status });
    await expect(application.acquireToken({ resource: VAULT })).rejects.toMatchObject({
      code: "managed_identity_error",
      statusCode: status,
    });
    expect(clock.slept).toEqual([]);
  });

  it("is not asked for again when no answer comes in time", async () => {
    const clock = new TestClock();
    azure.emulator.faults.add({ on: "app-service", kind: "hang" });
    const application = onAppService({ clock, transport: { headersTimeoutMs: 50 } });
    await expect(application.acquireToken({ resource: VAULT })).rejects.toMatchObject({ code: "timeout" });
    expect(clock.slept).toEqual([]);
  });

  it("is asked for again when the endpoint says so", async () => {
    const after = (seconds: string) => ({ status: 429, headers: { "retry-after": seconds } });
    const { application, clock } = answered(after("7"), after("0"), after("soon"), good());
    await application.acquireToken({ resource: VAULT });
    expect(clock.slept).toEqual([7000, 0, 1000]);
  });

  it("is not waited for longer than a minute: the error says when, and nobody is asked until then", async () => {
    const { application, clock } = answered({ status: 503, headers: { "retry-after": "61" } });
    await expect(application.acquireToken({ resource: VAULT })).rejects.toMatchObject({
      code: "managed_identity_error",
      retryAfterSeconds: 61,
    });
    expect(clock.slept).toEqual([]);
    clock.advance(60_000);
    await expect(application.acquireToken({ resource: VAULT })).rejects.toMatchObject({ code: "throttled", retryAfterSeconds: 1 });
    clock.advance(1000);
    scripted.answers.push(good());
    expect((await application.acquireToken({ resource: VAULT })).accessToken).toBe("a.b.c");
  });

  it("is refused with the endpoint's words for an identity that the app does not have", async () => {
    const userAssignedClientId = "6325cd32-9911-41f3-819c-416cdf9104e7";
    await expect(onAppService({ identity: { userAssignedClientId } }).acquireToken({ resource: VAULT })).rejects.toMatchObject({
      code: "managed_identity_error",
      kind: "service",
      statusCode: 400,
      retryable: false,
      message: expect.stringMatching(
        /App Service refused .*6325cd32.*No User Assigned or Delegated Managed Identity found.*assigned to the host/,
      ),
    });
  });

  it.each([
    ["no JSON", { status: 200, body: "<html>" }],
    ["no JSON object", { status: 200, body: "[]" }],
    ["no token", good({ access_token: undefined })],
    ["an empty token", good({ access_token: "" })],
    ["a token that would break a header", good({ access_token: "a\r\nb" })],
    ["no time", good({ expires_on: undefined })],
    ["a time that is none", good({ expires_on: "11/25/2026 10:00:00 AM +00:00" })],
    ["a time that no date holds", good({ expires_on: "9".repeat(30) })],
    ["a negative time", good({ expires_on: -1 })],
  ])("is refused when the endpoint answers with %s", async (_, answer) => {
    const { application } = answered(answer);
    await expect(application.acquireToken({ resource: VAULT })).rejects.toMatchObject({
      code: "invalid_managed_identity_response",
      message: expect.stringMatching(/^The answer of IDENTITY_ENDPOINT (is|has)/),
    });
  });

  it.each([good({ token_type: "mtls_pop" }), good({ token_type: undefined }), good({ token_type: 7 })])(
    "is refused when the endpoint does not call it a Bearer token: $body",
    async (answer) => {
      const { application } = answered(answer);
      await expect(application.acquireToken({ resource: VAULT })).rejects.toMatchObject({ code: "token_type_mismatch" });
    },
  );

  it("is refused when it is another identity's than the one that was named", async () => {
    scripted.answers.push(good({ client_id: "another" }), good({ client_id: "THIS" }));
    const application = azure.application({ env: scripted.env, identity: { userAssignedClientId: "this" } });
    await expect(application.acquireToken({ resource: VAULT })).rejects.toMatchObject({
      code: "invalid_managed_identity_response",
      message: expect.stringContaining("another identity"),
    });
    expect((await application.acquireToken({ resource: VAULT })).accessToken).toBe("a.b.c");
  });

  it("lives as long as `expires_in` says where there is no `expires_on`, and is renewed when `refresh_in` says", async () => {
    const { application, clock } = answered(good({ expires_on: undefined, expires_in: "3600", refresh_in: "1800" }));
    const result = await application.acquireToken({ resource: VAULT });
    expect(result.expiresOn.getTime()).toBe(clock.nowMs + 3600_000);
    expect(result.refreshOn?.getTime()).toBe(clock.nowMs + 1800_000);
  });

  it("is renewed at half its life where it lives for two hours or more, and the endpoint says nothing", async () => {
    const { application, clock } = answered(
      good({ expires_on: undefined, expires_in: 7200 }),
      good({ expires_on: undefined, expires_in: 7199 }),
    );
    const [long, short] = [
      await application.acquireToken({ resource: "api://long" }),
      await application.acquireToken({ resource: "api://short" }),
    ];
    expect(long.refreshOn?.getTime()).toBe(clock.nowMs + 3600_000);
    expect(short.refreshOn).toBeUndefined();
  });

  it.each([
    ["IDENTITY_ENDPOINT", { IDENTITY_ENDPOINT: "127.0.0.1/msi", IDENTITY_HEADER: "secret" }],
    ["IDENTITY_ENDPOINT", { IDENTITY_ENDPOINT: "file:///etc", IDENTITY_HEADER: "secret" }],
    ["IDENTITY_ENDPOINT", { IDENTITY_ENDPOINT: "http://user:secret@host", IDENTITY_HEADER: "secret" }],
    ["IDENTITY_HEADER", { IDENTITY_ENDPOINT: "http://127.0.0.1:1", IDENTITY_HEADER: "sec\r\nret" }],
  ])("is refused by the name of %s, and without its value, when the environment is %j", async (variable, env) => {
    await expect(azure.application({ env }).acquireToken({ resource: VAULT })).rejects.toMatchObject({
      code: "settings_invalid",
      message: expect.stringMatching(new RegExp(`^(?!.*secret).*${variable}`)),
    });
  });

  it("stays out of reach of whoever the endpoint redirects to", async () => {
    const { application } = answered({ status: 302, headers: { location: azure.emulator.instanceMetadata.url } });
    await expect(application.acquireToken({ resource: VAULT })).rejects.toMatchObject({ code: "managed_identity_error", statusCode: 302 });
    expect(azure.metadataRequests()).toEqual([]);
  });
});
