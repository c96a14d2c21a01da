import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CertificateAuthority } from "../../../emulator/src/pki/certificate-authority.js";
import { inChild } from "../child.js";
import { startRawServer } from "../transport/control-servers.js";
import { calling } from "./calling.js";

let world: Awaited<ReturnType<typeof calling>>;
beforeAll(async () => {
  world = await calling();
});
beforeEach(() => world.emulator.forgetRequests());
afterAll(() => world.close());

interface Caller {
  /** Statements with `popFetch` and `url` at hand that end in an assignment to `outcome`. */
  readonly script: string;
  readonly ca?: string | undefined;
  readonly settings?: Parameters<typeof inChild>[1];
}

/** Runs a script in a process of its own, which has to end by itself. */
async function run({ script, ca = world.emulator.ca, settings = {} }: Caller): Promise<unknown> {
  const { accessToken } = await world.tokenOf(world.certificate);
  return inChild(
    `import { BindingCertificate } from "../src/certificate/binding-certificate.ts";
     import { createPopFetch } from "../src/resource/pop-fetch.ts";
     import { socketEvent } from "./socket-event.ts";
     const lookup = (_name, options, done) => (options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4));
     const bindingCertificate = await BindingCertificate.fromPem(${JSON.stringify(world.issued.chainPem)}, { key: ${JSON.stringify(world.issued.privateKeyPem)} });
     const token = { accessToken: ${JSON.stringify(accessToken)}, tokenType: "mtls_pop", bindingCertificate };
     const tokens = { acquireBoundToken: async () => token, bindingCertificate: () => bindingCertificate };
     const url = ${JSON.stringify(world.customApi.url)};
     const popFetch = createPopFetch({ tokens, resources: { orders: { baseUrl: url } }, transport: { lookup, ca: ${JSON.stringify(ca)} } });
     let outcome;
     ${script}
     console.log(JSON.stringify(outcome));`,
    settings,
  );
}

describe("a process", () => {
  it.each([
    ["after close()", "outcome = (await popFetch(url + '/echo')).status; await popFetch.close();", 200],
    ["although nobody called close()", "outcome = (await popFetch(url + '/echo')).status;", 200],
    [
      "with a connection that was opened ahead and not used",
      `const isOpen = socketEvent("secureConnect");
       tokens.acquireBoundToken = () => isOpen.then(() => Promise.reject(new Error("no token")));
       outcome = await popFetch(url).catch((error) => error.message);`,
      "no token",
    ],
    [
      "after an aborted call",
      "outcome = await popFetch(url + '/slow', { signal: AbortSignal.timeout(50) }).catch((error) => error.name);",
      "TimeoutError",
    ],
  ])("BOUNDS-10 ends by itself %s", async (_when, script, outcome) => {
    expect(await run({ script })).toEqual(outcome);
  });

  it("ends by itself although a connection that was opened ahead hangs", async () => {
    const silent = await startRawServer(() => {});
    const script = `const isBegun = socketEvent("connect");
       tokens.acquireBoundToken = () => isBegun.then(() => Promise.reject(new Error("no token")));
       const baseUrl = ${JSON.stringify(silent.url("https"))};
       const transport = { lookup, connectTimeoutMs: 60000 };
       outcome = await createPopFetch({ tokens, resources: { silent: { baseUrl } }, transport })(baseUrl).catch((error) => error.message);`;
    const beganAt = performance.now();
    expect(await run({ script })).toBe("no token");
    expect(performance.now() - beganAt).toBeLessThan(30_000);
    await silent.close();
  });

  it("stays for a call that has taken a connection opened ahead, until that one's time is over", async () => {
    const script = `tokens.acquireBoundToken = () => new Promise((resolve) => setTimeout(resolve, 50, token));
       const transport = { lookup: () => {}, connectTimeoutMs: 400 };
       outcome = await createPopFetch({ tokens, resources: { orders: { baseUrl: url } }, transport })(url).catch(({ code }) => code);`;
    expect(await run({ script })).toBe("timeout");
  });

  it("verifies the resource's certificate although NODE_TLS_REJECT_UNAUTHORIZED is 0, and nothing is sent", async () => {
    const other = await CertificateAuthority.create();
    const script = "outcome = await popFetch(url + '/echo').then(({ status }) => status, ({ code }) => code);";
    const settings = { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } };
    expect(await run({ script, settings, ca: other.rootPem })).toBe("tls_handshake_failed");
    expect(world.arrived()).toEqual([]);
    expect(await run({ script, settings })).toBe(200);
  });

  it("gets connections back from answers that were dropped unread, and leaves those alone whose body it still has", async () => {
    const script = `
       const { body } = await popFetch(url + "/bytes/300000");
       await Promise.all(Array.from({ length: 49 }, async () => void (await popFetch(url + "/bytes/300000"))));
       let ended = false;
       const next = popFetch(url + "/echo").finally(() => { ended = true; });
       while (!ended) {
         gc();
         await new Promise((resolve) => setTimeout(resolve, 20));
       }
       outcome = [(await next).status, (await new Response(body).arrayBuffer()).byteLength];
       await popFetch.close();`;
    expect(await run({ script, settings: { flags: ["--expose-gc"] } })).toEqual([200, 300_000]);
  });

  it("is not ended by a token that fails while a body is still being read", async () => {
    const script = `tokens.acquireBoundToken = () => Promise.reject(new Error("no token"));
       const body = new ReadableStream({ start: (controller) => void setTimeout(() => controller.error(new Error("late")), 50) });
       outcome = await popFetch(new Request(url, { method: "POST", body, duplex: "half" })).catch((error) => error.message);`;
    expect(await run({ script })).toBe("no token");
  });
});
