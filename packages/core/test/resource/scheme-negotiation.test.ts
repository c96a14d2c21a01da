import { afterEach, describe, expect, it } from "vitest";
import type { ResourceOptions } from "../../src/resource/resource.js";
import { ResourceCaller } from "../../src/resource/resource-caller.js";
import { refusal } from "../certificate/authority.js";
import { startOddServer } from "./odd-server.js";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Asked {
  readonly path: string;
  readonly scheme: string;
  /** From 1. */
  readonly count: number;
}

/** A server that answers what is asked of it with a status, more headers and a body; and a client of resources at its paths. */
async function answering(
  answer: (asked: Asked) => readonly [status: number, body: string, ...headers: string[]],
  resources: Record<string, Partial<ResourceOptions>> = { odd: {} },
) {
  const asked: string[] = [];
  const server = await startOddServer((socket, data) => {
    const path = data.split(" ")[1] ?? "";
    const scheme = /authorization: (\w+)/i.exec(data)?.[1] ?? "none";
    asked.push(`${path} ${scheme}`);
    const [status, body, ...headers] = answer({ path, scheme, count: asked.length });
    socket.write([`HTTP/1.1 ${status} Odd`, ...headers, `content-length: ${body.length}`, "", body].join("\r\n"));
  });
  const based = Object.fromEntries(
    Object.entries(resources).map(([name, options]) => [name, { ...options, baseUrl: `${server.url}${options.baseUrl ?? ""}` }]),
  );
  const popFetch = server.popFetch({ resources: based });
  closers.push(server.close, popFetch.close);
  return { ...server, popFetch, asked };
}

describe("the scheme after a 401", () => {
  it.each([429, 500, 503, 408, 400])("is not remembered when the other one is answered with %i", async (status) => {
    const { popFetch, url, asked } = await answering(({ count }) => (count === 1 ? [401, ""] : count === 2 ? [status, "busy"] : [200, ""]));
    const response = await popFetch(url);
    expect([response.status, await response.text()]).toEqual([status, "busy"]);
    await popFetch(url);
    expect(asked).toEqual(["/ pop", "/ mtls_pop", "/ pop"]);
  });

  it.each([204, 304, 403, 404, 412])("is remembered when the other one is answered with %i", async (status) => {
    const { popFetch, url, asked } = await answering(({ count }) => (count === 1 ? [401, ""] : [status, ""]));
    await popFetch(url);
    await popFetch(url);
    expect(asked).toEqual(["/ pop", "/ mtls_pop", "/ mtls_pop"]);
  });

  it("is remembered for each resource of an origin by itself", async () => {
    const takes = { "/a": "pop", "/b": "mtls_pop" } as Record<string, string>;
    const { popFetch, url, asked } = await answering(({ path, scheme }) => [takes[path] === scheme ? 200 : 401, ""], {
      a: { baseUrl: "/a", profile: "graph" },
      b: { baseUrl: "/b" },
    });
    for (const path of ["/a", "/b", "/a", "/b"]) expect((await popFetch(`${url}${path}`)).status).toBe(200);
    expect(asked).toEqual(["/a mtls_pop", "/a pop", "/b pop", "/b mtls_pop", "/a pop", "/b mtls_pop"]);
  });

  it("is settled by a redirect, and a later 401 is the caller's, with its own body and URL", async () => {
    const { popFetch, url, asked } = await answering(({ path, scheme }) =>
      path === "/b" ? [401, "b says no"] : scheme === "pop" ? [401, "a says no"] : [302, "", "location: /b"],
    );
    const response = await popFetch(`${url}/a`);
    expect([response.status, response.url, await response.text()]).toEqual([401, `${url}/b`, "b says no"]);
    await popFetch(`${url}/b`);
    expect(asked).toEqual(["/a pop", "/a mtls_pop", "/b mtls_pop", "/b mtls_pop", "/b pop"]);
  });

  it("is settled by a claims challenge, which reaches the caller although no new token can be had", async () => {
    const claims = JSON.stringify({ access_token: { nbf: { essential: true } } });
    const challenge = `www-authenticate: mtls_pop error="insufficient_claims", claims="${Buffer.from(claims).toString("base64")}"`;
    const { url, asked, certificate, transport } = await answering(({ scheme }) =>
      scheme === "pop" ? [401, "first"] : [401, "second", challenge],
    );
    const token = { accessToken: "token", tokenType: "mtls_pop", bindingCertificate: certificate };
    await using caller = new ResourceCaller(token, { transport, resources: { odd: { baseUrl: url } } });
    for (let i = 0; i < 2; i++) {
      expect(await refusal(caller.callResource(url))).toMatchObject({ claims, message: expect.stringContaining("second") });
    }
    expect(asked).toEqual(["/ pop", "/ mtls_pop", "/ mtls_pop"]);
  });
});
