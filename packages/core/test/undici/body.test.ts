import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { interceptors, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPopDispatcher, type PopDispatcher } from "../../src/undici/index.js";
import { given } from "../resource/calling.js";
import { startOddServer } from "../resource/odd-server.js";

/** How the resource answers each connection's requests: "cut" closes it without a word. */
let answers: "early" | "cut" | "once cut" = "early";
let server: Awaited<ReturnType<typeof startOddServer>>;
let dispatcher: PopDispatcher;
beforeAll(async () => {
  server = await startOddServer((socket) => {
    if (answers === "early") socket.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\nno more!");
    else socket.destroy();
    if (answers === "once cut") answers = "early";
  });
  dispatcher = createPopDispatcher({
    tokens: given({ accessToken: "token", tokenType: "mtls_pop", bindingCertificate: server.certificate }),
    resources: { odd: { baseUrl: server.url, authorizationScheme: "pop" } },
    transport: server.transport,
    retry: false,
  });
});
afterAll(async () => {
  await dispatcher.close();
  await server.close();
});

/** A body whose end does not come by itself. */
function endless(): Readable {
  const body = new Readable({ read: () => undefined });
  body.push("a beginning");
  return body;
}

describe("a stream as the body", () => {
  it("is let go of when the answer does not wait for its end", async () => {
    answers = "early";
    const body = endless();
    const closed = once(body, "close");
    const answer = await request(server.url, { dispatcher, method: "POST", body });
    expect([answer.statusCode, await answer.body.text()]).toEqual([413, "no more!"]);
    await closed;
    expect(body.errored).toBeNull();
    await expect.poll(server.open).toBe(0);
  });

  it.each([
    ["refuses the call", "/refused", "early", "502 resource_not_configured"],
    ["loses the connection", "/orders", "cut", "502 network_error"],
    ["hands on an answer that did not wait", "/orders", "early", "413 no more!"],
  ] as const)("that is a server's request can be answered by that server when the dispatcher %s", async (_what, path, how, answer) => {
    answers = how;
    const gateway = createServer(async (incoming, outgoing) => {
      const to = path === "/refused" ? "https://elsewhere.example/" : `${server.url}${path}`;
      try {
        const { statusCode, body } = await request(to, { dispatcher, method: "POST", body: incoming });
        outgoing.writeHead(statusCode).end(await body.text());
      } catch (error) {
        outgoing.writeHead(502).end(String(Reflect.get(Object(error), "code")));
      }
    }).listen(0, "127.0.0.1");
    await once(gateway, "listening");
    const address = gateway.address();
    const asking = httpRequest({ host: "127.0.0.1", port: Object(address).port, method: "POST" });
    // as long as it takes
    const writing = () => void (asking.destroyed || asking.write("and more", () => setImmediate(writing)));
    writing();
    const [answered]: IncomingMessage[] = await once(asking, "response");
    expect(`${answered?.statusCode} ${await text(answered ?? Readable.from([]))}`).toBe(answer);
    asking.destroy();
    gateway.closeAllConnections();
    await new Promise((resolve) => gateway.close(resolve));
  });
});

it("undici's own retries follow a lost connection where they are told its code", async () => {
  answers = "once cut";
  const retrying = dispatcher.compose(interceptors.retry({ errorCodes: ["network_error"], minTimeout: 1, throwOnError: false }));
  expect((await request(server.url, { dispatcher: retrying, body: null })).statusCode).toBe(413);
});
