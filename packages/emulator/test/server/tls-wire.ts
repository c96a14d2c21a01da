import { connect, createServer } from "node:net";

/** Passes bytes on to a server and keeps what comes back. */
export async function listenInBetween(port: number): Promise<{ port: number; fromServer(): Buffer; close(): void }> {
  const chunks: Buffer[] = [];
  const between = createServer((near) => {
    const far = connect(port, "127.0.0.1").on("data", (chunk) => chunks.push(chunk));
    near.on("error", () => far.destroy()).pipe(far);
    far.on("error", () => near.destroy()).pipe(near);
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  const address = between.address();
  if (typeof address !== "object" || address === null) throw new Error("No port.");
  return { port: address.port, fromServer: () => Buffer.concat(chunks), close: () => between.close() };
}

/** The messages of a TLS 1.2 handshake that go in the clear (RFC 5246 sections 6.2.1 and 7.4). */
export function handshakeMessages(stream: Buffer): { type: number; content: Buffer }[] {
  const records: Buffer[] = [];
  for (let at = 0; at + 5 <= stream.length && stream[at] === 22; at += 5 + stream.readUInt16BE(at + 3)) {
    records.push(stream.subarray(at + 5, at + 5 + stream.readUInt16BE(at + 3)));
  }
  const clear = Buffer.concat(records);
  const messages: { type: number; content: Buffer }[] = [];
  for (let at = 0; at + 4 <= clear.length; ) {
    const length = clear.readUIntBE(at + 1, 3);
    messages.push({ type: clear.readUInt8(at), content: clear.subarray(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  return messages;
}
