import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { buffer } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";
import { loopbackLookup } from "../../../emulator/src/server/loopback-lookup.js";
import type { TransportOptions } from "../../src/transport/transport-options.js";
import { authority } from "../certificate/authority.js";

const NAME = "contoso.blob.example";

/** What the account of the stand-in has of a blob. */
export interface StoredBlob {
  readonly content: Buffer;
  readonly encoding: string | undefined;
}

/** One request as the stand-in saw it. */
export interface BlobRequest {
  readonly line: string;
  readonly authorization: string | undefined;
  /** Of the certificate in the handshake, as `BindingCertificate` has it. */
  readonly thumbprint: string | undefined;
  readonly acceptEncoding: string | undefined;
}

/** A TLS server that answers as the Blob service does, as far as these tests ask it, and asks for the certificate in the handshake. */
export async function startBlobService() {
  const blobs = new Map<string, StoredBlob>();
  const requests: BlobRequest[] = [];
  /** Answered before anything else. */
  const statuses: number[] = [];

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", headers } = incoming;
    const socket = incoming.socket as TLSSocket;
    const { pathname, searchParams } = new URL(incoming.url ?? "/", "https://blob.example");
    const body = await buffer(incoming);
    requests.push({
      line: `${method} ${pathname}`,
      authorization: headers.authorization,
      thumbprint: socket.getPeerX509Certificate()?.fingerprint.replaceAll(":", ""),
      acceptEncoding: headers["accept-encoding"]?.toString(),
    });
    const send = (status: number, more: Record<string, string> = {}, content: string | Buffer = "") =>
      response
        .writeHead(status, { "x-ms-version": "2026-02-06", "content-length": Buffer.byteLength(content), ...more })
        .end(method === "HEAD" ? "" : content);
    const failed = (status: number, code: string) =>
      send(
        status,
        { "x-ms-error-code": code, "content-type": "application/xml" },
        `<Error><Code>${code}</Code><Message>${code}.</Message></Error>`,
      );
    const status = statuses.shift();
    if (status !== undefined) return void failed(status, "ServerBusy");
    if (searchParams.get("comp") === "list") {
      const listed = [...blobs].map(([path]) => `<Blob><Name>${path.split("/")[2]}</Name><Properties/></Blob>`).join("");
      const xml = `<EnumerationResults ContainerName="photos"><Blobs>${listed}</Blobs><NextMarker/></EnumerationResults>`;
      return void send(200, { "content-type": "application/xml" }, xml);
    }
    if (searchParams.get("restype") === "container") return void send(201);
    if (method === "PUT") {
      blobs.set(pathname, { content: body, encoding: headers["x-ms-blob-content-encoding"]?.toString() });
      return void send(201, { etag: '"1"' });
    }
    const blob = blobs.get(pathname);
    if (!blob) return void failed(404, "BlobNotFound");
    if (method === "DELETE") {
      blobs.delete(pathname);
      return void send(202);
    }
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(String(headers["x-ms-range"] ?? headers.range ?? "")) ?? [];
    const content = from === undefined ? blob.content : blob.content.subarray(Number(from), to ? Number(to) + 1 : undefined);
    const facts = { etag: '"1"', "last-modified": new Date(0).toUTCString(), "x-ms-blob-type": "BlockBlob" };
    const range =
      from === undefined ? {} : { "content-range": `bytes ${from}-${Number(from) + content.length - 1}/${blob.content.length}` };
    send(from === undefined ? 200 : 206, { ...facts, ...range, ...(blob.encoding ? { "content-encoding": blob.encoding } : {}) }, content);
  }

  const credentials = await authority.serverCredentials(NAME);
  const server = createServer({ ...credentials, requestCert: true, rejectUnauthorized: false }, (incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port.");
  const transport: TransportOptions = { ca: authority.rootPem, lookup: loopbackLookup((name) => name === NAME) };
  return {
    url: `https://${NAME}:${address.port}`,
    transport,
    blobs,
    requests,
    statuses,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
