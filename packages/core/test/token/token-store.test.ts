import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Logger } from "../../src/internal/logger.js";
import { TokenCache } from "../../src/token/token-cache.js";
import type { TokenStore } from "../../src/token/token-store.js";
import { inChild } from "../child.js";
import { emulated, TestClock, VAULT_SCOPE } from "../emulated.js";
import { FolderStore } from "./folder-store.js";

const bound = { scopes: [VAULT_SCOPE], mtlsProofOfPossession: true } as const;
const MINUTE = 60_000;
let entra: Awaited<ReturnType<typeof emulated>>;
let folder: string;

beforeAll(async () => {
  entra = await emulated();
});
afterAll(() => entra.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "token-store-"));
  entra.emulator.forgetRequests();
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
});

/** An application as another process would make it: all that it has in common with others is the store. */
function application(store: TokenStore, over: Parameters<typeof entra.application>[0] = {}) {
  return entra.application({ cache: new TokenCache({ store }), ...over });
}

/** The names of the tokens in the folder; a lock may go a moment later. */
async function kept(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !name.endsWith(".lock"));
}

function refreshIn(seconds: number): void {
  entra.emulator.tokens.refreshInSeconds = seconds;
  onTestFinished(() => {
    entra.emulator.tokens.refreshInSeconds = undefined;
  });
}

function listener(): { readonly said: string[]; readonly logger: Logger } {
  const said: string[] = [];
  return { said, logger: { warn: (message) => void said.push(message) } };
}

/** Acquires a token twice in a process of its own. */
const CHILD = `
  import { BindingCertificate } from "../src/certificate/binding-certificate.js";
  import { ConfidentialClientApplication } from "../src/application/confidential-client-application.js";
  import { TokenCache } from "../src/token/token-cache.js";
  import { FolderStore } from "./token/folder-store.js";
  const { folder, clientId, authority, host, ca, chainPem, keyPem } = JSON.parse(process.env.GIVEN);
  const certificate = await BindingCertificate.fromPem(chainPem, { key: keyPem });
  const lookup = (name, { all }, callback) => all ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4);
  const application = new ConfidentialClientApplication({
    clientId, authority, certificate, knownAuthorities: [host], transport: { ca, lookup }, cache: new TokenCache({ store: new FolderStore(folder) }),
  });
  const request = { scopes: ["${VAULT_SCOPE}"], mtlsProofOfPossession: true };
  const results = [await application.acquireTokenByClientCredential(request), await application.acquireTokenByClientCredential(request)];
  console.log(JSON.stringify(results.map((result) => ({
    token: result.accessToken, source: result.metadata.tokenSource, certificate: result.bindingCertificate.x5tS256,
  }))));
`;

interface ChildToken {
  readonly token: string;
  readonly source: string;
  readonly certificate: string;
}

async function inProcessOfItsOwn(issued: { chainPem: string; privateKeyPem: string }): Promise<ChildToken[]> {
  const { clientId, host, emulator } = entra;
  const certificate = { chainPem: issued.chainPem, keyPem: issued.privateKeyPem };
  const given = { folder, clientId, host, authority: emulator.authority, ca: emulator.ca, ...certificate };
  return (await inChild(CHILD, { env: { GIVEN: JSON.stringify(given) } })) as ChildToken[];
}

describe("a store of tokens", () => {
  it("CACHE-06 of several processes on one store one acquires and all are served, isolated by certificate", async () => {
    const other = await entra.anotherCertificate();
    const processes = [entra.issued, entra.issued, entra.issued, other.issued];
    const found = (await Promise.all(processes.map(inProcessOfItsOwn))).flat();
    expect(entra.tokenRequests()).toHaveLength(2);
    const tokensOf = (x5tS256: string) => found.filter(({ certificate }) => certificate === x5tS256);
    const [own, others] = [tokensOf(entra.certificate.x5tS256), tokensOf(other.certificate.x5tS256)];
    expect([own.length, others.length]).toEqual([6, 2]);
    expect(new Set(own.map(({ token }) => token)).size).toBe(1);
    expect(new Set([...own, ...others].map(({ token }) => token)).size).toBe(2);
    expect(own.filter(({ source }) => source === "IdentityProvider")).toHaveLength(1);
  });

  it("gives every field of the token as it came, durations and source aside", async () => {
    refreshIn(1800);
    const asked = await application(new FolderStore(folder)).acquireTokenByClientCredential(bound);
    const found = await application(new FolderStore(folder)).acquireTokenByClientCredential(bound);
    const durations = { totalMs: 0, certificateMs: 0, regionMs: 0, httpMs: 0 };
    expect(found.accessToken).toBe(asked.accessToken);
    expect(found.toJSON()).toEqual({ ...asked.toJSON(), metadata: { ...asked.metadata, tokenSource: "Cache", durations } });
  });

  it("is never given a Bearer token", async () => {
    const result = await application(new FolderStore(folder)).acquireTokenByClientCredential({ scopes: [VAULT_SCOPE] });
    expect(result.tokenType).toBe("Bearer");
    expect(await kept()).toEqual([]);
  });

  it("shows nothing of tenant, client or scope in its keys, and no private key in its values", async () => {
    await application(new FolderStore(folder)).acquireTokenByClientCredential(bound);
    const [name = "", ...rest] = await kept();
    expect([name, rest]).toEqual([expect.stringMatching(/^[\w-]{43}$/), []]);
    expect(await readFile(join(folder, name), "utf8")).not.toContain("PRIVATE KEY");
  });

  it("is not asked for a token that has to be new, and is given that one", async () => {
    const first = await application(new FolderStore(folder)).acquireTokenByClientCredential(bound);
    const anew = await application(new FolderStore(folder)).acquireTokenByClientCredential({ ...bound, skipCache: true });
    const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: "1" } } });
    const claimed = await application(new FolderStore(folder)).acquireTokenByClientCredential({ ...bound, claims });
    const found = await application(new FolderStore(folder)).acquireTokenByClientCredential(bound);
    expect(new Set([first, anew, claimed].map(({ accessToken }) => accessToken)).size).toBe(3);
    expect(found.accessToken).toBe(claimed.accessToken);
    expect(entra.tokenRequests()).toHaveLength(3);
  });

  it("spares a refresh that another process has made", async () => {
    refreshIn(60);
    const clock = new TestClock();
    const [one, two] = [application(new FolderStore(folder), { clock }), application(new FolderStore(folder), { clock })];
    await one.acquireTokenByClientCredential(bound);
    await two.acquireTokenByClientCredential(bound);
    clock.nowMs += 2 * MINUTE;
    const refreshed = await one.acquireTokenByClientCredential({ ...bound, skipCache: true });
    await two.acquireTokenByClientCredential(bound);
    await expect.poll(async () => (await two.acquireTokenByClientCredential(bound)).accessToken).toBe(refreshed.accessToken);
    expect(entra.tokenRequests()).toHaveLength(2);
  });

  it("does not serve a token beyond the end that it has by itself, whatever else is kept of it", async () => {
    const clock = new TestClock();
    await application(new FolderStore(folder), { clock }).acquireTokenByClientCredential(bound);
    const [name = ""] = await kept();
    const stored = JSON.parse(await readFile(join(folder, name), "utf8"));
    await writeFile(join(folder, name), JSON.stringify({ ...stored, expiresOnMs: 8.64e15 }));
    const one = application(new FolderStore(folder), { clock });
    expect((await one.acquireTokenByClientCredential(bound)).accessToken).toBe(stored.accessToken);
    clock.nowMs = stored.expiresOnMs;
    expect((await one.acquireTokenByClientCredential(bound)).accessToken).not.toBe(stored.accessToken);
  });

  it("does not serve a token that is about to end", async () => {
    const clock = new TestClock();
    await application(new FolderStore(folder), { clock }).acquireTokenByClientCredential(bound);
    clock.nowMs += 24 * 60 * MINUTE;
    const result = await application(new FolderStore(folder), { clock }).acquireTokenByClientCredential(bound);
    expect(result.metadata.tokenSource).toBe("IdentityProvider");
  });
});

describe("a store that is of no help", () => {
  const failing = async (): Promise<never> => {
    throw new Error("the store is down");
  };

  it.each<[string, TokenStore]>([
    ["reads nothing", { read: failing, write: async () => undefined }],
    ["writes nothing", { read: async () => undefined, write: failing }],
    ["locks nothing", { read: async () => undefined, write: async () => undefined, exclusively: failing }],
    [
      "throws in place of a promise",
      {
        read: (): never => {
          throw new Error("the store is down");
        },
        write: async () => undefined,
      },
    ],
  ])("and %s is told to the logger, and gone without", async (_what, store) => {
    const { said, logger } = listener();
    const result = await application(store, { logger }).acquireTokenByClientCredential(bound);
    expect(result.metadata.tokenSource).toBe("IdentityProvider");
    expect(said).toEqual([expect.stringMatching(/^The token store .*the store is down\.$/)]);
  });

  const never = new Promise<never>(() => undefined);
  const nothing = { read: async () => undefined, write: async () => undefined };

  it.each<[string, TokenStore]>([
    ["read", { ...nothing, read: () => never }],
    ["write", { ...nothing, write: () => never }],
    ["exclusively", { ...nothing, exclusively: () => never }],
  ])("since %s() never ends is gone without when its time is over", async (method, store) => {
    const { said, logger } = listener();
    const cache = new TokenCache({ store, storeTimeoutMs: 10 });
    const result = await application(store, { logger, cache }).acquireTokenByClientCredential(bound);
    expect(result.metadata.tokenSource).toBe("IdentityProvider");
    expect(said).toEqual([expect.stringContaining(`${method}() took longer than 10 ms`)]);
  });

  it("and gives a turn when nobody waits for it any more does not have the token asked for", async () => {
    const { said, logger } = listener();
    const leaving = new AbortController();
    let late: () => Promise<unknown> = () => Promise.reject(new Error("nobody has come"));
    const store: TokenStore = {
      ...nothing,
      exclusively: (_key, work) => {
        late = work;
        leaving.abort(new Error("gone"));
        return never;
      },
    };
    const asking = application(store, { logger }).acquireTokenByClientCredential({ ...bound, signal: leaving.signal });
    await expect(asking).rejects.toThrow("gone");
    await expect(late()).rejects.toThrow("gone");
    expect([entra.tokenRequests(), said]).toEqual([[], []]);
  });

  it("and gives a turn too late has the token asked for once", async () => {
    let late: () => Promise<unknown> = () => Promise.reject(new Error("nobody has come"));
    const store: TokenStore = {
      ...nothing,
      exclusively: (_key, work) => {
        late = work;
        return never;
      },
    };
    const cache = new TokenCache({ store, storeTimeoutMs: 10 });
    const result = await application(store, { cache }).acquireTokenByClientCredential(bound);
    expect(await late()).toBe(result);
    expect(entra.tokenRequests()).toHaveLength(1);
  });

  it("cannot make a failed request seem one of the store's", async () => {
    entra.emulator.faults.add({ on: "token", kind: "entra-error", code: 700016, times: 1 });
    const { said, logger } = listener();
    await expect(application(new FolderStore(folder), { logger }).acquireTokenByClientCredential(bound)).rejects.toMatchObject({
      kind: "service",
    });
    expect(said).toEqual([]);
  });

  it.each<[string, (stored: Record<string, unknown>) => unknown, RegExp]>([
    ["is no JSON", () => "}{", /JSON/],
    ["lacks a field", ({ scopes: _left, ...rest }) => rest, /its `scopes` is not what this version of the library writes/],
    ["is no JSON, and quotes a token", ({ accessToken }) => String(accessToken), /its \d+ characters are not JSON/],
    ["is of another version", (stored) => ({ ...stored, version: 2 }), /its `version` is not/],
    ["is of another certificate", (stored) => ({ ...stored, x5tS256: "another" }), /bound to another certificate/],
    ["holds a token that is bound to nothing", (stored) => ({ ...stored, accessToken: jwt({ aud: "x" }) }), /names no certificate/],
    [
      "holds a token that is bound to another certificate",
      (stored) => ({ ...stored, accessToken: jwt({ cnf: { "x5t#S256": "another" } }) }),
      /is bound to the certificate/,
    ],
    ["is of another place", (stored) => ({ ...stored, name: "another" }), /kept under another key/],
    ["is of another type", (stored) => ({ ...stored, tokenType: "Bearer" }), /its token is of another type/],
    ["holds what no header takes", ({ accessToken, ...rest }) => ({ ...rest, accessToken: `${accessToken}\r\nx: y` }), /its `accessToken`/],
    ["holds a token until after the last date", (stored) => ({ ...stored, expiresOnMs: 8.64e15 + 1 }), /its `expiresOnMs` is not/],
    ["holds a token without end", (stored) => ({ ...stored, expiresOnMs: "never" }), /its `expiresOnMs` is not/],
  ])("since what it holds %s", async (_what, change, complaint) => {
    await application(new FolderStore(folder)).acquireTokenByClientCredential(bound);
    const [name = ""] = await kept();
    const changed = change(JSON.parse(await readFile(join(folder, name), "utf8")));
    await writeFile(join(folder, name), typeof changed === "string" ? changed : JSON.stringify(changed));
    const { said, logger } = listener();
    const result = await application(new FolderStore(folder), { logger }).acquireTokenByClientCredential(bound);
    expect(result.metadata.tokenSource).toBe("IdentityProvider");
    expect(said).toEqual([expect.stringMatching(complaint)]);
    expect(said.join()).not.toContain(result.accessToken);
  });

  it.each<[unknown]>([
    [{ read: async () => undefined }],
    [{ read: 1, write: 2 }],
    ["redis://localhost"],
    [{ read: failing, write: failing, exclusively: true }],
  ])("is refused when it is none: %j", (store) => {
    expect(() => new TokenCache({ store } as never)).toThrow(/a store with read\(\) and write\(\)/);
  });
});

function jwt(claims: object): string {
  return `${encode({ alg: "RS256" })}.${encode(claims)}.c2ln`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
