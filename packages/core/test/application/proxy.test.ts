import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { ConfidentialClientApplication } from "../../src/application/confidential-client-application.js";
import { RegionDetector } from "../../src/authority/region-detector.js";
import type { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { type ConnectProxy, startConnectProxy } from "../transport/connect-proxy.js";
import { bindingCertificate, startControlServer } from "../transport/control-servers.js";

const tenantId = "c0ffee00-0000-4000-8000-000000000000";
const GLOBAL = "mtlsauth.microsoft.com:443";
const REGIONAL = `westus3.${GLOBAL}`;

/** Entra's names, which the proxy alone can reach. */
let entra: Awaited<ReturnType<typeof startControlServer>>;
let proxy: ConnectProxy;
let certificate: BindingCertificate;
let refused: string | undefined;
beforeAll(async () => {
  const body = JSON.stringify({ token_type: "mtls_pop", access_token: "opaque", expires_in: 3600 });
  entra = await startControlServer({ answersTo: () => true, handle: () => ({ status: 200, body }) });
  proxy = await startConnectProxy({
    port: entra.port,
    answer: (socket, { target }) => (target === refused ? void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n") : "tunnel"),
  });
  certificate = await bindingCertificate();
});
beforeEach(() => void proxy.asked.splice(0));
afterAll(async () => {
  await proxy.close();
  await entra.close();
});

const acquire = (over: object) =>
  new ConfidentialClientApplication({ clientId: tenantId, tenantId, certificate, transport: proxy.transport(), ...over })
    .acquireTokenByClientCredential({ scopes: ["https://vault.azure.net/.default"], mtlsProofOfPossession: true })
    .then(({ tokenType }) => tokenType);
const asked = () => proxy.asked.map(({ target }) => target);
const detected = { azureRegion: "auto", regionDetector: new RegionDetector({ env: { REGION_NAME: "westus3" } }) };

it("HTTP-01 a bound token comes through a proxy from the regional endpoint", async () => {
  refused = undefined;
  expect(await acquire(detected)).toBe("mtls_pop");
  expect(asked()).toEqual([REGIONAL]);
});

it("a region that was detected and that the proxy does not let pass is left for the global endpoint", async () => {
  refused = REGIONAL;
  expect(await acquire(detected)).toBe("mtls_pop");
  expect(asked()).toEqual([REGIONAL, GLOBAL]);
});

it("a region that was named is not left, and the proxy's refusal is told", async () => {
  refused = REGIONAL;
  await expect(acquire({ azureRegion: "westus3" })).rejects.toMatchObject({ code: "proxy_refused", statusCode: 403 });
  expect(asked()).toEqual([REGIONAL]);
});
