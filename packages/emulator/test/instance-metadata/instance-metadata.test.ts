import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../src/index.js";
import { askHttp, type HttpAnswer } from "../http-client.js";

const METADATA = { metadata: "true" };

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

const ask = (path: string, headers: Record<string, string> = METADATA): Promise<HttpAnswer> =>
  askHttp(emulator.instanceMetadata.url, path, { headers });

describe("instance metadata", () => {
  it("tells where the machine stands", async () => {
    emulator.instanceMetadata.location = "northeurope";
    const answer = await ask("/metadata/instance/compute?api-version=2021-02-01");
    expect(answer).toMatchObject({ status: 200, body: { location: "northeurope" }, headers: { server: expect.stringContaining("IMDS") } });
  });

  it("tells what the machine is, its security type from the version on that knows it", async () => {
    const { instanceMetadata } = emulator;
    Object.assign(instanceMetadata, { osType: "Windows", securityType: "ConfidentialVM", azEnvironment: "AzureChinaCloud" });
    const told = { osType: "Windows", azEnvironment: "AzureChinaCloud", vmId: instanceMetadata.vmId };
    const newer = await ask("/metadata/instance/compute?api-version=2021-12-13");
    expect(newer.body).toMatchObject({ ...told, securityProfile: { secureBootEnabled: "true", securityType: "ConfidentialVM" } });
    const older = await ask("/metadata/instance/compute?api-version=2021-02-01");
    expect(older.body).toMatchObject({ ...told, securityProfile: { secureBootEnabled: "true" } });
    expect(older.body).not.toHaveProperty("securityProfile.securityType");
    instanceMetadata.securityType = "";
    const plain = await ask("/metadata/instance/compute?api-version=2021-12-13");
    expect(plain.body).toMatchObject({ securityProfile: { secureBootEnabled: "false", virtualTpmEnabled: "false" } });
    expect(plain.body).not.toHaveProperty("securityProfile.securityType");
  });

  it("wants its header", async () => {
    expect((await ask("/metadata/instance/compute?api-version=2021-02-01", {})).status).toBe(400);
  });

  it.each(["/metadata/instance/compute?api-version=2021-02-01", "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x"])(
    "answers nobody behind a proxy at %s",
    async (path) => {
      expect((await ask(path)).status).toBe(200);
      const proxied = await ask(path, { ...METADATA, "x-forwarded-for": "10.0.0.1" });
      expect(proxied.status).toBe(400);
      expect(JSON.stringify(proxied.body)).toContain("X-Forwarded-For");
    },
  );

  it.each(["", "?api-version=1999-01-01"])("names its versions when it is asked with %o", async (query) => {
    const answer = await ask(`/metadata/instance/compute${query}`);
    expect(answer).toMatchObject({ status: 400, body: { "newest-versions": ["2021-12-13", "2021-02-01"] } });
  });

  it("has nothing at other paths", async () => {
    for (const path of ["/", "/metadata/instance", "/metadata/identity/info"]) expect((await ask(path)).status).toBe(404);
  });

  it("answers by script, in order, then as usual, and records each request", async () => {
    emulator.forgetRequests();
    emulator.instanceMetadata.answerNext({ status: 429 }, { status: 200, body: '"odd"' });
    expect((await ask("/metadata/instance/compute")).status).toBe(429);
    expect((await ask("/metadata/instance/compute")).body).toBe("odd");
    expect((await ask("/metadata/instance/compute")).status).toBe(400);
    expect(emulator.requests.map(({ server, status }) => [server, status])).toEqual([
      ["instance-metadata", 429],
      ["instance-metadata", 200],
      ["instance-metadata", 400],
    ]);
  });

  it("hangs until it is closed", async () => {
    const other = await startEmulator();
    other.instanceMetadata.answerNext("hang");
    const answer = expect(askHttp(other.instanceMetadata.url, "/")).rejects.toMatchObject({ code: "ECONNRESET" });
    while (other.requests.length === 0) await new Promise(setImmediate);
    await other.close();
    await answer;
  });
});
