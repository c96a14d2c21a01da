import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { TlsSessions } from "../../src/transport/tls-session.js";

describe("TlsSessions", () => {
  it("BOUNDS-12 are kept for a hundred origins, those of the last ones", () => {
    const sessions = new TlsSessions();
    const sockets = Array.from({ length: 101 }, () => Object.assign(new EventEmitter(), { getProtocol: () => "TLSv1.3" }));
    for (const [number, socket] of sockets.entries()) sessions.follow(`${number}.example:443`, socket as never);
    for (const socket of sockets.slice(0, 100)) socket.emit("session", Buffer.from("first"));
    sockets[0]?.emit("session", Buffer.from("second"));
    sockets[100]?.emit("session", Buffer.from("first"));
    expect(["0", "1", "2", "100"].map((number) => sessions.get(`${number}.example:443`)?.toString())).toEqual([
      "second",
      undefined,
      "first",
      "first",
    ]);
  });
});
