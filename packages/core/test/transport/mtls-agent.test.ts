import { once } from "node:events";
import { request } from "node:https";
import { connect as connectTcp } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { endpointOf } from "../../src/transport/endpoint.js";
import { MtlsAgent } from "../../src/transport/mtls-agent.js";
import { authority, issue } from "../certificate/authority.js";
import { startControlServer, startRawServer, transportTo } from "./control-servers.js";

let server: Awaited<ReturnType<typeof startControlServer>>;
let certificate: BindingCertificate;
const connections: { id: number; sessionReused: boolean; tlsProtocol: string }[] = [];
beforeAll(async () => {
  server = await startControlServer({
    record: ({ connectionId: id, sessionReused, tlsProtocol }) => connections.push({ id, sessionReused, tlsProtocol }),
  });
  const { chainPem, privateKeyPem } = await issue();
  certificate = await BindingCertificate.fromPem(chainPem, { key: privateKeyPem });
});
afterAll(() => server.close());

function newAgent(maxVersion?: "TLSv1.2") {
  const secureContext = certificate.secureContext({ ca: [authority.rootPem], maxVersion });
  return new MtlsAgent({ secureContext, transport: transportTo(), maxConnectionsPerOrigin: 2 });
}

/** One request through an agent, until its connection is the agent's again, or gone. */
async function call(agent: MtlsAgent, url = server.url): Promise<void> {
  const { host, port, servername } = endpointOf(url);
  const outgoing = request({ agent, host, port, servername });
  outgoing.end();
  const [message] = await once(outgoing, "response");
  message.resume();
  await once(outgoing, "close");
}

describe("MtlsAgent", () => {
  it.each([
    ["TLSv1.3", undefined],
    ["TLSv1.2", "TLSv1.2"],
  ] as const)("resumes a %s session on a new connection, and forgets it when it is retired", async (tlsProtocol, maxVersion) => {
    const agent = newAgent(maxVersion);
    connections.length = 0;
    await call(agent);
    agent.closeIdle();
    await call(agent);
    agent.retire();
    await call(agent);
    expect(connections.map(({ sessionReused }) => sessionReused)).toEqual([false, true, false]);
    expect(new Set(connections.map((connection) => connection.tlsProtocol))).toEqual(new Set([tlsProtocol]));
    agent.destroy();
  });

  it("shares no session with another agent of the same certificate", async () => {
    const agents = [newAgent(), newAgent()];
    connections.length = 0;
    for (const agent of agents) await call(agent);
    expect(connections.map(({ sessionReused }) => sessionReused)).toEqual([false, false]);
    for (const agent of agents) agent.destroy();
  });

  it("does not resume a session with which a connection could not be made", async () => {
    let refuses = false;
    const front = await startRawServer((socket) => {
      if (refuses) return void socket.destroy();
      const behind = connectTcp(server.port, "127.0.0.1");
      socket.pipe(behind).pipe(socket);
      behind.on("error", () => socket.destroy());
      socket.once("close", () => behind.destroy());
    });
    const agent = newAgent();
    connections.length = 0;
    for (const now of [false, false, true, false]) {
      refuses = now;
      agent.closeIdle();
      await (now ? expect(call(agent, front.url("https"))).rejects.toThrow() : call(agent, front.url("https")));
    }
    expect(connections.map(({ sessionReused }) => sessionReused)).toEqual([false, true, false]);
    agent.destroy();
    await front.close();
  });

  it("opens one connection ahead, which the next request takes", async () => {
    const agent = newAgent();
    const endpoint = endpointOf(server.url);
    connections.length = 0;
    expect(agent.hasConnection(endpoint)).toBe(false);
    await Promise.all([agent.preconnect(endpoint), agent.preconnect(endpoint)]);
    expect(agent.hasConnection(endpoint)).toBe(true);
    await call(agent);
    await call(agent);
    expect(new Set(connections.map(({ id }) => id)).size).toBe(1);
    agent.destroy();
  });

  it("reports no failure of a connection that was to be opened ahead", async () => {
    const secureContext = certificate.secureContext({});
    const agent = new MtlsAgent({ secureContext, transport: transportTo(), maxConnectionsPerOrigin: 2 });
    await agent.preconnect(endpointOf(server.url));
    expect(agent.hasConnection(endpointOf(server.url))).toBe(false);
    agent.destroy();
  });

  it("keeps no connection open after it was retired", async () => {
    const agent = newAgent();
    connections.length = 0;
    await call(agent);
    agent.retire();
    await call(agent);
    expect(new Set(connections.map(({ id }) => id)).size).toBe(2);
    await Promise.all(connections.map(({ id }) => server.connectionClosed(id)));
    agent.destroy();
  });
});
