import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CertificateAuthority } from "../../../emulator/src/pki/certificate-authority.js";
import { authority } from "../certificate/authority.js";
import { inChild } from "../child.js";
import { NAME, startControlServer } from "./control-servers.js";

let server: Awaited<ReturnType<typeof startControlServer>>;
let old: Awaited<ReturnType<typeof startControlServer>>;
beforeAll(async () => {
  server = await startControlServer();
  old = await startControlServer({ minVersion: "TLSv1", maxVersion: "TLSv1.1" });
});
afterAll(() => Promise.all([server.close(), old.close()]));

/** Asks a server, as a process with this environment does. */
function ask(port: number, ca: string | undefined, settings: Parameters<typeof inChild>[1]): Promise<unknown> {
  return inChild(
    `import { sendControlRequest } from "../src/transport/control-request.ts";
     import { Transport } from "../src/transport/transport-options.ts";
     import http from "node:http";
     import https from "node:https";
     const goesElsewhere = (agent) => class extends agent { createConnection() { throw new Error("the global agent was used"); } };
     if (process.env.GLOBAL_AGENT) https.globalAgent = new (goesElsewhere(https.Agent))();
     if (process.env.GLOBAL_AGENT) http.globalAgent = new (goesElsewhere(http.Agent))();
     const lookup = (_name, options, done) => (options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4));
     const transport = new Transport({ lookup, ca: ${JSON.stringify(ca)} });
     const url = new URL("https://${NAME}:${port}/");
     const outcome = await sendControlRequest(transport, { method: "GET", url, headers: {} }).then(({ status }) => ({ status }), ({ code, message }) => ({ code, untrusted: message.includes("not trusted") }));
     console.log(JSON.stringify(outcome));`,
    settings,
  );
}

describe("a control request", () => {
  it("verifies the server's certificate although NODE_TLS_REJECT_UNAUTHORIZED is 0", async () => {
    const other = await CertificateAuthority.create();
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
    expect(await ask(server.port, other.rootPem, { env })).toEqual({ code: "tls_handshake_failed", untrusted: true });
    expect(await ask(server.port, undefined, { env })).toEqual({ code: "tls_handshake_failed", untrusted: true });
    expect(await ask(server.port, authority.rootPem, { env })).toEqual({ status: 200 });
  });

  it("HTTP-01 refuses TLS 1.1 although the process was started with --tls-min-v1.0", async () => {
    const flags = ["--tls-min-v1.0", "--tls-cipher-list=DEFAULT@SECLEVEL=0"];
    expect(await ask(old.port, authority.rootPem, { flags })).toEqual({ code: "tls_handshake_failed", untrusted: false });
    expect(await ask(old.port, undefined, { flags })).toEqual({ code: "tls_handshake_failed", untrusted: false });
  });

  it("MI-10 goes past a global agent that leads all of the process's requests to a proxy", async () => {
    expect(await ask(server.port, authority.rootPem, { env: { GLOBAL_AGENT: "a proxy's" } })).toEqual({ status: 200 });
  });
});
