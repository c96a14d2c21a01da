import { describe, expect, it } from "vitest";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { BindingAgents, type Connecting } from "../../src/transport/binding-agents.js";
import { endpointOf } from "../../src/transport/endpoint.js";
import { Transport } from "../../src/transport/transport-options.js";
import { authority, issue } from "../certificate/authority.js";

const certificateOf = ({ chainPem, privateKeyPem }: Awaited<ReturnType<typeof issue>>) =>
  BindingCertificate.fromPem(chainPem, { key: privateKeyPem });
const newCertificate = async () => certificateOf(await issue());

function resource(host: string, maxVersion?: Connecting["maxVersion"]): Connecting {
  return { endpoint: endpointOf(new URL(`https://${host}`)), maxVersion };
}

function agents(over: ConstructorParameters<typeof Transport>[0] = {}, debug: (message: string) => void = () => {}) {
  return new BindingAgents({ transport: new Transport(over), maxConnectionsPerOrigin: 2, logger: { debug } });
}

describe("BindingAgents", () => {
  it("gives resources with one certificate and one TLS profile one agent, and others their own", async () => {
    const [one, other] = [await newCertificate(), await newCertificate()];
    const all = agents();
    const agent = all.agentFor(resource("a.example"), one);
    expect(all.agentFor(resource("b.example"), one)).toBe(agent);
    expect(all.agentFor(resource("c.example", "TLSv1.2"), one)).not.toBe(agent);
    expect(all.agentFor(resource("d.example"), other)).not.toBe(agent);
    all.close();
  });

  it("takes two objects of the same certificate for one binding, and a renewal with the same key for another", async () => {
    const issued = await issue();
    const renewed = await certificateOf(await issue({ privateKey: issued.privateKeyPem }));
    const all = agents();
    const one = resource("a.example");
    const agent = all.agentFor(one, await certificateOf(issued));
    expect(all.agentFor(one, await certificateOf(issued))).toBe(agent);
    expect(all.agentFor(one, renewed)).not.toBe(agent);
    all.close();
  });

  it("keeps hosts that trust other roots apart", async () => {
    const certificate = await newCertificate();
    const all = agents({ ca: authority.rootPem, caHosts: ["*.example"] });
    const agent = all.agentFor(resource("a.example"), certificate);
    expect(all.agentFor(resource("b.example"), certificate)).toBe(agent);
    expect(all.agentFor(resource("a.test"), certificate)).not.toBe(agent);
    all.close();
  });

  it("moves on to the next certificate although the logger fails", async () => {
    const all = agents({}, () => {
      throw new Error("no log");
    });
    const one = resource("a.example");
    const agent = all.agentFor(one, await newCertificate());
    expect(all.agentFor(one, await newCertificate())).not.toBe(agent);
    all.close();
  });

  it("retires a certificate when its last resource has moved on, and says so without a secret", async () => {
    const [old, next] = [await newCertificate(), await newCertificate()];
    const said: string[] = [];
    const all = agents({}, (message) => said.push(message));
    const [a, b] = [resource("a.example"), resource("b.example")];
    const agent = all.agentFor(a, old);
    all.agentFor(b, old);
    all.agentFor(a, next);
    expect(agent.maxFreeSockets).toBe(2);
    all.agentFor(b, next);
    expect(agent.maxFreeSockets).toBe(0);
    expect(said).toEqual([`Closing the idle connections of certificate ${old.thumbprint}.`]);
    all.close();
  });

  it("retires the certificate of a resource that is no longer known", async () => {
    const all = agents();
    const known = resource("a.example");
    const agent = all.agentFor(known, await newCertificate());
    all.release(known);
    all.release(known);
    expect([agent.maxFreeSockets, all.last(known)]).toEqual([0, undefined]);
    all.close();
  });

  it("gives a resource that was let go of an agent that keeps nothing, and does not take it up again", async () => {
    const [old, next] = [await newCertificate(), await newCertificate()];
    const all = agents();
    const known = resource("a.example");
    all.agentFor(known, old);
    all.release(known);
    expect(all.agentFor(known, next).maxFreeSockets).toBe(0);
    expect(all.last(known)).toBeUndefined();
    all.close();
  });

  it("BOUNDS-03 keeps 16 certificates, and retires the longest known one for another", async () => {
    const all = agents();
    const kept: ReturnType<typeof all.agentFor>[] = [];
    for (let i = 0; i < 17; i++) kept.push(all.agentFor(resource(`${i}.example`), await newCertificate()));
    expect(kept.map(({ maxFreeSockets }) => maxFreeSockets)).toEqual([0, ...Array.from({ length: 16 }, () => 2)]);
    all.close();
    expect(all.isClosed).toBe(true);
    expect(kept.every(({ maxFreeSockets }) => maxFreeSockets === 0)).toBe(true);
  });
});

describe("endpointOf", () => {
  it.each([
    ["https://a.example/x", { host: "a.example", port: 443, servername: "a.example", authority: "a.example" }],
    ["https://a.example:8443/x", { host: "a.example", port: 8443, servername: "a.example", authority: "a.example:8443" }],
    ["https://127.0.0.1:8443/x", { host: "127.0.0.1", port: 8443, servername: "", authority: "127.0.0.1:8443" }],
    ["https://[::1]:8443/x", { host: "::1", port: 8443, servername: "", authority: "[::1]:8443" }],
  ])("of %s names no address for SNI", (url, endpoint) => {
    expect(endpointOf(new URL(url))).toEqual(endpoint);
  });
});
