import type { LookupFunction } from "node:net";
import { describe, expect, it } from "vitest";
import type { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { endpointOf } from "../../src/transport/endpoint.js";
import { exchange } from "../../src/transport/exchange.js";
import { guardedLookup } from "../../src/transport/guarded-lookup.js";
import { MtlsAgent } from "../../src/transport/mtls-agent.js";
import { Transport } from "../../src/transport/transport-options.js";
import { bindingCertificate } from "./control-servers.js";

const endpoint = endpointOf(new URL("https://vault.example"));
const request = {
  endpoint,
  method: "GET",
  path: "/",
  headers: [],
  content: undefined,
  length: undefined,
  replayable: true,
  resends: { resetsAreRetried: false, takeReset: () => false },
  signal: undefined,
};

function agentWith(certificate: BindingCertificate, lookup: unknown) {
  const transport = new Transport({ lookup: lookup as LookupFunction });
  const agent = new MtlsAgent({ secureContext: certificate.secureContext({}), transport, maxConnectionsPerOrigin: 2 });
  return { agent, call: () => exchange(agent, request, transport) };
}

type Done = (error: Error | null, addresses?: unknown, family?: number) => void;

describe("a look-up", () => {
  it.each<[string, (name: string, options: object, done: Done) => void, RegExp]>([
    [
      "throws",
      () => {
        throw new Error("no resolver");
      },
      /no resolver/,
    ],
    [
      "throws something else",
      () => {
        throw "odd";
      },
      /odd/,
    ],
    ["gives no address", (_name, _options, done) => done(null, []), /no list of addresses for vault\.example/],
    ["gives nothing", (_name, _options, done) => done(null), /no list of addresses/],
    ["gives one address where several are asked for", (_name, _options, done) => done(null, "127.0.0.1", 4), /no list of addresses/],
    ["gives what is none", (_name, _options, done) => done(null, [null]), /no list of addresses/],
  ])("that %s fails the call, and leaves no connection behind", async (_what, lookup, words) => {
    const { agent, call } = agentWith(await bindingCertificate(), lookup);
    await expect(call()).rejects.toMatchObject({ code: "network_error", message: expect.stringMatching(words) });
    await expect.poll(() => agent.hasConnection(endpoint)).toBe(false);
    await agent.preconnect(endpoint);
    expect(agent.hasConnection(endpoint)).toBe(false);
    agent.destroy();
  });

  it("that answers twice is heard once", () => {
    const answers: unknown[] = [];
    const lookup = guardedLookup((_name, _options, done) => {
      done(null, [{ address: "127.0.0.1", family: 4 }]);
      done(new Error("late"), []);
    });
    lookup("vault.example", { all: true }, (error) => answers.push(error));
    expect(answers).toEqual([null]);
  });

  it("does not answer for the one who asked when that one throws", () => {
    const lookup = guardedLookup((_name, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]));
    const asking = () =>
      lookup("vault.example", { all: true }, () => {
        throw new Error("mine");
      });
    expect(asking).toThrow("mine");
  });
});
