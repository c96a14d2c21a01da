import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Emulator, type EmulatorOptions, startEmulator } from "../src/index.js";
import { type BoundCaller, boundCaller, calledEmulator } from "./bound-caller.js";

/** Every port of an emulator. */
function portsOf({ authority, keyVault, graph, customApi, instanceMetadata, attestation, appService, adminUrl }: Emulator): number[] {
  const identity = [instanceMetadata.url, attestation.url, appService.environment.IDENTITY_ENDPOINT];
  return [authority, keyVault.url, graph.url, customApi.url, ...identity, adminUrl].map((url) => Number(new URL(url).port));
}

/** A connection that says nothing, or the code of its failure. */
function connectTcp(port: number, host = "127.0.0.1"): Promise<Socket | string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host }, () => resolve(socket));
    socket.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
  });
}

function lookUp(emulator: Emulator, name: string): Promise<unknown> {
  return new Promise((resolve) => emulator.lookup(name, {}, (error, address) => resolve(error?.code ?? address)));
}

function handles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|Timeout)/.test(name));
}

let emulator: Emulator;
let caller: BoundCaller;

beforeAll(async () => {
  const started = await calledEmulator();
  ({ emulator, caller } = started);
  return started.close;
});

beforeEach(() => emulator.forgetRequests());

describe("a running emulator", () => {
  it("issues tokens that its vault, its Graph and its API take", async () => {
    emulator.keyVault.secrets.set("my-secret", "s3cret");
    const vault = {
      authorization: `mtls_pop ${await caller.token("https://vault.azure.net/.default")}`,
      "x-ms-tokenboundauth": "true",
    };
    const secret = `${emulator.keyVault.url}/secrets/my-secret?api-version=7.4`;
    expect((await caller.client({ maxVersion: "TLSv1.2" }).get(secret, { headers: vault })).json()).toMatchObject({ value: "s3cret" });
    const graph = { authorization: `mtls_pop ${await caller.token("https://graph.microsoft.com/.default")}` };
    expect((await caller.client().get(`${emulator.graph.url}/v1.0/applications`, { headers: graph })).status).toBe(200);
    const api = { authorization: `pop ${await caller.token(emulator.customApi.scope)}` };
    expect((await caller.client().get(`${emulator.customApi.url}/echo`, { headers: api })).status).toBe(200);
    expect(emulator.requests.map(({ server }) => server)).toEqual(["token", "key-vault", "token", "graph", "token", "custom-api"]);
  });

  it("puts its own names on loopback and knows no other", async () => {
    for (const name of ["login", "westus3.mtlsauth", "dsts", "contoso.vault", "MTLSTB.graph", "orders.api", "attestation"]) {
      expect(await lookUp(emulator, `${name}.emulator.localhost`)).toBe("127.0.0.1");
    }
    for (const name of ["vault", "a.b.vault", "graph", "api", "x_y.api", "nothing"]) {
      expect(await lookUp(emulator, `${name}.emulator.localhost`)).toBe("ENOTFOUND");
    }
    for (const name of ["localhost", "login.microsoftonline.com", "contoso.vault.azure.net", "emulator.localhost.example"]) {
      expect(await lookUp(emulator, name)).toBe("ENOTFOUND");
    }
  });

  it("cuts a connection to a name of another of its servers", async () => {
    const wrong = emulator.keyVault.url.replace("contoso.vault", "orders.api");
    await expect(caller.client().get(wrong)).rejects.toThrow();
  });

  it("refuses a certificate from the moment that it is revoked", async () => {
    const other = await boundCaller(emulator);
    await other.token(emulator.customApi.scope);
    emulator.revokeCertificate(other.certificate.certificatePem);
    await expect(other.token(emulator.customApi.scope)).rejects.toThrow("AADSTS7000214");
    other.close();
  });

  it("listens on loopback alone", async () => {
    const outward = Object.values(networkInterfaces()).flatMap((list = []) =>
      list.filter(({ internal, family }) => !internal && family === "IPv4"),
    );
    for (const { address } of outward) {
      for (const port of portsOf(emulator)) expect(await connectTcp(port, address)).toBe("ECONNREFUSED");
    }
  });
});

describe("with the names of Microsoft's clouds", () => {
  it("is the public cloud's login, vault and Graph too", async () => {
    await using emulator = await startEmulator({ clouds: true });
    for (const name of ["login.microsoftonline.com", "mtlsauth.microsoft.com", "contoso.vault.azure.net", "mtlstb.graph.microsoft.com"]) {
      expect(await lookUp(emulator, name)).toBe("127.0.0.1");
    }
    expect(await lookUp(emulator, "graph.microsoft.com")).toBe("ENOTFOUND");
    const caller = await boundCaller(emulator);
    const url = new URL(emulator.keyVault.url);
    expect((await caller.client().get(`https://contoso.vault.azure.net:${url.port}/`)).status).toBe(401);
    const graph = new URL(emulator.graph.url);
    expect((await caller.client().get(`https://mtlstb.graph.microsoft.com:${graph.port}/`)).status).toBe(401);
    caller.close();
  });
});

describe("the end", () => {
  it("leaves no server, no connection and no timer, whatever hangs", async () => {
    const before = handles();
    const emulator = await startEmulator();
    const caller = await boundCaller(emulator);
    const authorization = `pop ${await caller.token(emulator.customApi.scope)}`;
    emulator.faults.add({ on: "graph", kind: "hang" });
    emulator.faults.add({ on: "key-vault", kind: "latency", delayMs: 3_600_000 });
    const pending = [`${emulator.graph.url}/`, `${emulator.keyVault.url}/`, `${emulator.customApi.url}/stream/x`].map((url) =>
      expect(caller.client().get(url, { headers: { authorization } })).rejects.toThrow(),
    );
    await emulator.customApi.stream("x").opened;
    while (emulator.requests.length < 4) await new Promise(setImmediate);
    const silent = await Promise.all(portsOf(emulator).map((port) => connectTcp(port)));
    const gone = silent.map((socket) => (typeof socket === "string" ? socket : new Promise((resolve) => socket.once("close", resolve))));
    await emulator.close();
    await Promise.all([...pending, ...gone]);
    caller.close();
    for (const port of portsOf(emulator)) expect(await connectTcp(port)).toBe("ECONNREFUSED");
    // handles are let go of in the turn after their close event
    while (handles().length > before.length) await new Promise(setImmediate);
  });

  it("may be asked for twice, at once and later", async () => {
    const emulator = await startEmulator();
    await Promise.all([emulator.close(), emulator.close()]);
    await emulator.close();
    await emulator[Symbol.asyncDispose]();
  });

  it("comes for what was started when a later part of the start fails", async () => {
    const before = handles().length;
    const customApi: object = { maxVersion: "TLSv9" };
    await expect(startEmulator({ customApi })).rejects.toThrow("TLSv9");
    while (handles().length > before) await new Promise(setImmediate);
  });
});

describe("the options", () => {
  it.each([
    [{ tenant: "x" }, "`tenant` is not an option. Known: tenantId,"],
    [{ keyVault: { modes: "enforce" } }, "`keyVault.modes` is not an option. Known: keyVault.mode,"],
    [{ customApi: { scheme: "pop" } }, "`customApi.scheme` is not an option. Known: customApi.audience, customApi.schemes,"],
  ])("have no name such as in %j", async (options: object, message) => {
    const untyped: EmulatorOptions = options;
    await expect(startEmulator(untyped)).rejects.toThrow(message);
  });
});

describe("faults of the token endpoint", () => {
  it("are refusals in Entra's words, met once each and seen in the record", async () => {
    for (const kind of ["throttle", "unavailable", "revoked-certificate"] as const) emulator.faults.add({ on: "token", kind });
    for (const code of [90055, 90033, 7000214]) await expect(caller.token(emulator.customApi.scope)).rejects.toThrow(`AADSTS${code}`);
    expect(emulator.requests.map(({ status }) => status)).toEqual([429, 503, 401]);
    expect(await caller.token(emulator.customApi.scope)).toContain(".");
  });

  it("are put in by those who know them alone", () => {
    const fault: object = { on: "token", kind: "nonsense" };
    expect(() => Reflect.apply(emulator.faults.add, emulator.faults, [fault])).toThrow("`kind` is one of latency");
  });

  it("are not needed to be refused: a tenant that is not percent-encoded as it should be is an unknown one", async () => {
    const url = emulator.authority.replace(emulator.tenantId, "%zz/oauth2/v2.0/token");
    const answer = await caller.client().get(url, { method: "POST" });
    expect([answer.status, answer.json()]).toEqual([400, expect.objectContaining({ error_codes: [90002] })]);
  });
});
