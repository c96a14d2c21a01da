import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { authority, type IssuedCertificate, issue } from "../certificate/authority.js";
import { inChild } from "../child.js";
import { type ConnectProxy, startConnectProxy } from "./connect-proxy.js";
import { NAME, startControlServer } from "./control-servers.js";

let server: Awaited<ReturnType<typeof startControlServer>>;
let issued: IssuedCertificate;
beforeAll(async () => {
  server = await startControlServer();
  issued = await issue();
});
afterAll(() => server.close());
let proxy: ConnectProxy;
afterEach(() => proxy.close());

/** What statements set `outcome` to, in a process with this environment that has to end by itself. */
function run(script: string, env: Record<string, string>): Promise<unknown> {
  return inChild(
    `import { BindingCertificate } from "../src/certificate/binding-certificate.ts";
     import { ConfidentialClientApplication } from "../src/application/confidential-client-application.ts";
     import { ManagedIdentityApplication } from "../src/application/managed-identity-application.ts";
     import { RegionDetector } from "../src/authority/region-detector.ts";
     import { createPopFetch } from "../src/resource/pop-fetch.ts";
     import { sendControlRequest } from "../src/transport/control-request.ts";
     import { Transport } from "../src/transport/transport-options.ts";
     import { socketEvent } from "./socket-event.ts";
     const lookup = (_name, options, done) => (options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4));
     const ca = ${JSON.stringify(authority.rootPem)};
     const bindingCertificate = await BindingCertificate.fromPem(${JSON.stringify(issued.chainPem)}, { key: ${JSON.stringify(issued.privateKeyPem)} });
     const token = { accessToken: "token", tokenType: "mtls_pop", bindingCertificate };
     const tokens = { acquireBoundToken: async () => token, bindingCertificate: () => bindingCertificate };
     const baseUrl = "https://${NAME}:${server.port}";
     const fetching = (transport = { lookup, ca }) => createPopFetch({ tokens, resources: { api: { baseUrl, scope: "api://x/.default" } }, transport });
     const control = (url) => sendControlRequest(new Transport({ lookup, ca, connectTimeoutMs: 2000 }), { method: "GET", url: new URL(url), headers: {} });
     let outcome;
     ${script}
     console.log(JSON.stringify(outcome));`,
    { env },
  );
}

describe("a process with HTTPS_PROXY", () => {
  it("HTTP-01 makes its calls and control requests through that proxy, and ends by itself", async () => {
    proxy = await startConnectProxy();
    const script = "outcome = [(await fetching()(baseUrl)).status, (await control(baseUrl)).status];";
    expect(await run(script, { HTTPS_PROXY: proxy.url("user:pass@") })).toEqual([200, 200]);
    expect(proxy.asked.map(({ target }) => target)).toEqual([server.url.host, server.url.host]);
    expect(proxy.asked.map(({ headers }) => headers.includes("Proxy-Authorization"))).toEqual([true, true]);
  });

  it("goes past it to what NO_PROXY names, and with proxy: false", async () => {
    proxy = await startConnectProxy();
    const script = "outcome = [(await fetching()(baseUrl)).status, (await control(baseUrl)).status];";
    expect(await run(script, { HTTPS_PROXY: proxy.url(), NO_PROXY: "other.test,.example" })).toEqual([200, 200]);
    const without = "outcome = (await fetching({ lookup, ca, proxy: false })(baseUrl)).status;";
    expect(await run(without, { HTTPS_PROXY: proxy.url() })).toBe(200);
    expect(proxy.asked).toEqual([]);
  });

  it("takes the environment as it was when the client was made", async () => {
    proxy = await startConnectProxy();
    const script = `const before = fetching();
       process.env.HTTPS_PROXY = "http://nowhere.invalid:1";
       outcome = [(await before(baseUrl)).status, await fetching({ lookup: (_n, _o, done) => done(new Error("nobody")) })(baseUrl).catch(({ message }) => message)];`;
    expect(await run(script, { HTTPS_PROXY: proxy.url() })).toEqual([200, expect.stringContaining("the proxy nowhere.invalid:1 failed")]);
  });

  it("ends by itself although a way through the proxy that was opened ahead hangs", async () => {
    proxy = await startConnectProxy({ answer: () => {} });
    const script = `const isBegun = socketEvent("connect");
       tokens.acquireBoundToken = () => isBegun.then(() => Promise.reject(new Error("no token")));
       outcome = await fetching({ lookup, ca, connectTimeoutMs: 600000 })(baseUrl).catch(({ message }) => message);`;
    expect(await run(script, { HTTPS_PROXY: proxy.url() })).toBe("no token");
    expect(proxy.asked).toHaveLength(1);
  });

  it("MI-10 asks the metadata service and App Service's endpoint without it, wherever these are", async () => {
    proxy = await startConnectProxy();
    const script = `for (const url of ["http://${NAME}:${server.port}/metadata", "http://127.0.0.1:${server.port}/msi"]) await control(url).catch(() => {});
       const detector = new RegionDetector({ metadataUrl: "https://metadata.example:1", timeoutMs: 500 });
       outcome = (await detector.detect()) ?? "no region";`;
    // by its address, which the system's look-up knows too
    const url = `http://127.0.0.1:${proxy.port}`;
    const toEverything = { HTTPS_PROXY: url, HTTP_PROXY: url, ALL_PROXY: url };
    expect(await run(script, toEverything)).toBe("no region");
    expect([proxy.asked, proxy.mostOpen()]).toEqual([[], 0]);
  });

  it("that is malformed is refused by each client when it is made, and does not keep one from going without", async () => {
    proxy = await startConnectProxy();
    const script = `const certificate = bindingCertificate;
       const options = { clientId: "c0ffee00-0000-4000-8000-000000000000", tenantId: "c0ffee00-0000-4000-8000-000000000000", certificate };
       const make = [fetching, () => new ConfidentialClientApplication(options), () => new ManagedIdentityApplication()];
       outcome = make.map((one) => { try { one(); return "made"; } catch ({ code, message }) { return [code, message]; } });
       new ConfidentialClientApplication({ ...options, transport: { proxy: false } });`;
    const outcome = await run(script, { HTTPS_PROXY: "socks5://user:hunter2@proxy.contoso:1080" });
    const words = expect.stringMatching(/^HTTPS_PROXY in the environment names a proxy of the kind socks5:, but only http: and https:/);
    expect(outcome).toEqual(Array.from({ length: 3 }, () => ["invalid_options", words]));
    expect(JSON.stringify(outcome)).not.toContain("hunter2");
  });
});
