import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { createDefaultHttpClient, createHttpHeaders, createPipelineRequest, type HttpClient } from "@azure/core-rest-pipeline";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createMtlsPopHttpClient, MtlsPopCredential, type MtlsPopHttpClient } from "../../src/azure-sdk/index.js";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { authority } from "../certificate/authority.js";
import { given } from "../resource/calling.js";
import { startBlobService } from "./blob-stand-in.js";
import { collected } from "./sdk.js";

const SCOPE = "https://storage.azure.com/.default";

let service: Awaited<ReturnType<typeof startBlobService>>;
let certificate: BindingCertificate;
let credential: MtlsPopCredential;
let httpClient: MtlsPopHttpClient;
let container: ContainerClient;
beforeAll(async () => {
  service = await startBlobService();
  const issued = await authority.issueCertificate({ keyType: "EC-P256" });
  certificate = await BindingCertificate.fromPem(issued.chainPem, { key: issued.privateKeyPem });
  credential = new MtlsPopCredential({
    tokens: given({ accessToken: "t0ken", tokenType: "mtls_pop", bindingCertificate: certificate }),
  });
  const resources = { blobs: { baseUrl: service.url, scope: SCOPE, authorizationScheme: "mtls_pop" } } as const;
  httpClient = createMtlsPopHttpClient({ credential, resources, transport: service.transport });
  const client = new BlobServiceClient(service.url, credential, { httpClient, retryOptions: { retryDelayInMs: 1, maxTries: 3 } });
  container = client.getContainerClient("photos");
});
afterAll(async () => {
  await httpClient.close();
  await service.close();
});
beforeEach(() => {
  service.requests.length = 0;
  service.blobs.clear();
});

describe("the SDK's BlobServiceClient", () => {
  it("makes bound calls: the token under its scheme, and the certificate in the handshake", async () => {
    await container.create();
    await container.getBlockBlobClient("a.txt").upload("hello", 5);
    expect(service.requests).toEqual([
      { line: "PUT /photos", authorization: "mtls_pop t0ken", thumbprint: certificate.thumbprint, acceptEncoding: "identity" },
      { line: "PUT /photos/a.txt", authorization: "mtls_pop t0ken", thumbprint: certificate.thumbprint, acceptEncoding: "identity" },
    ]);
    expect(service.blobs.get("/photos/a.txt")?.content.toString()).toBe("hello");
  });

  it("downloads as a stream and into a buffer", async () => {
    const blob = container.getBlockBlobClient("a.txt");
    await blob.upload("hello world", 11);
    const { readableStreamBody, contentLength } = await blob.download();
    expect([contentLength, await text(readableStreamBody ?? Readable.from([]))]).toEqual([11, "hello world"]);
    const part = await blob.download(6, 3);
    expect(await text(part.readableStreamBody ?? Readable.from([]))).toBe("wor");
    expect((await blob.downloadToBuffer()).toString()).toBe("hello world");
  });

  it("uploads a stream, and tells progress", async () => {
    const loaded: number[] = [];
    const blob = container.getBlockBlobClient("b.bin");
    const content = Buffer.alloc(200_000, "x");
    await blob.upload(() => Readable.from([content.subarray(0, 90_000), content.subarray(90_000)]), content.length, {
      onProgress: ({ loadedBytes }) => loaded.push(loadedBytes),
    });
    expect(service.blobs.get("/photos/b.bin")?.content.equals(content)).toBe(true);
    expect(loaded).toEqual([90_000, 200_000]);
  });

  it("reads properties, lists and deletes", async () => {
    const blob = container.getBlockBlobClient("a.txt");
    await blob.upload("hello", 5);
    expect(await blob.getProperties()).toMatchObject({ contentLength: 5, etag: '"1"', blobType: "BlockBlob" });
    expect((await collected(container.listBlobsFlat())).map(({ name }) => name)).toEqual(["a.txt"]);
    await blob.delete();
    expect(await blob.exists()).toBe(false);
  });

  it("tells a 404 in the service's words, and tries a busy service again", async () => {
    const blob = container.getBlockBlobClient("nobody");
    await expect(blob.download()).rejects.toMatchObject({ name: "RestError", statusCode: 404, code: "BlobNotFound" });
    service.requests.length = 0;
    service.statuses.push(503, 503);
    await blob.upload("hello", 5);
    expect(service.requests.map(({ line }) => line)).toEqual(Array.from({ length: 3 }, () => "PUT /photos/nobody"));
  });

  it("downloads a blob that is stored with a content encoding as it is stored, in parts too", async () => {
    const blob = container.getBlockBlobClient("packed");
    const packed = gzipSync("hello");
    await blob.upload(packed, packed.length, { blobHTTPHeaders: { blobContentEncoding: "gzip" } });
    const whole = await blob.download();
    expect([whole.contentEncoding, whole.contentLength]).toEqual(["gzip", packed.length]);
    expect(await buffer(whole.readableStreamBody ?? Readable.from([]))).toEqual(packed);
    expect(await blob.downloadToBuffer()).toEqual(packed);
    expect(await blob.downloadToBuffer(2, 5)).toEqual(packed.subarray(2, 7));
  });

  it.each([
    { asked: undefined, stored: "gzip" },
    { asked: "gzip,deflate", stored: "gzip" },
    { asked: "gzip,deflate", stored: "deflate" },
    { asked: "identity", stored: "gzip" },
    { asked: "br", stored: "br" },
    { asked: "gzip,deflate", stored: undefined },
  ] as const)(
    "gives what the SDK's own HTTP client gives of content stored as $stored when $asked is asked for",
    async ({ asked, stored }) => {
      const content = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, none: Buffer.from }[stored ?? "none"]("hello");
      service.blobs.set("/photos/stored", { content, encoding: stored });
      const { token } = await credential.getToken(SCOPE);
      const ask = (client: HttpClient) =>
        client.sendRequest(
          createPipelineRequest({
            url: `${service.url}/photos/stored`,
            headers: createHttpHeaders({ authorization: `Bearer ${token}`, ...(asked ? { "accept-encoding": asked } : {}) }),
            streamResponseStatusCodes: new Set([200]),
            ...(client === httpClient ? {} : { requestOverrides: { ca: service.transport.ca, lookup: service.transport.lookup } }),
          }),
        );
      const [ours, theirs] = [await ask(httpClient), await ask(createDefaultHttpClient())];
      expect(ours.headers.get("content-encoding")).toBe(theirs.headers.get("content-encoding"));
      const bytes = await buffer(ours.readableStreamBody ?? Readable.from([]));
      expect(bytes).toEqual(await buffer(theirs.readableStreamBody ?? Readable.from([])));
      expect(bytes.toString() === "hello").toBe(asked === "gzip,deflate");
    },
  );
});
