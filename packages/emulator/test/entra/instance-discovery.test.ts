import { beforeAll, describe, expect, it } from "vitest";
import { entraUnderTest, LOGIN_HOST, MTLS_HOST, TENANT_ID } from "./entra-under-test.js";

const PATH = "/common/discovery/instance";

describe("instance discovery", () => {
  let test: Awaited<ReturnType<typeof entraUnderTest>>;

  beforeAll(async () => {
    test = await entraUnderTest({ clouds: true });
  });

  const discover = (authority: string, host = "login.microsoftonline.com") => {
    const query = { "api-version": "1.1", authorization_endpoint: `${authority}/oauth2/v2.0/authorize` };
    return test.ask({ method: "GET", host, path: PATH, query });
  };

  it("tells where the tenant is found, and every cloud with its names", async () => {
    const { status, body } = await discover(`https://login.microsoftonline.com/${TENANT_ID}`);
    expect(status).toBe(200);
    expect(body["tenant_discovery_endpoint"]).toBe(`https://login.microsoftonline.com/${TENANT_ID}/v2.0/.well-known/openid-configuration`);
    expect(body["metadata"]).toEqual(
      expect.arrayContaining([
        {
          preferred_network: "login.microsoftonline.com",
          preferred_cache: "login.windows.net",
          aliases: ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
        },
        {
          preferred_network: "login.microsoftonline.us",
          preferred_cache: "login.microsoftonline.us",
          aliases: ["login.microsoftonline.us", "login.usgovcloudapi.net"],
        },
      ]),
    );
  });

  it.each([
    `https://login.chinacloudapi.cn/${TENANT_ID}`,
    `https://sts.windows.net/${TENANT_ID}`,
    `https://westus3.login.microsoft.com/${TENANT_ID}`,
    `https://${LOGIN_HOST}:8443/${TENANT_ID}`,
  ])("knows %s", async (authority) => expect((await discover(authority)).status).toBe(200));

  it.each(["https://login.evil.example/contoso", "https://mtlsauth.microsoft.com/contoso", "contoso"])(
    "does not know %s",
    async (authority) => {
      const { status, body } = await discover(authority);
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: "invalid_instance", error_codes: [50049] });
    },
  );

  it("wants to know which authority it is about", async () => {
    expect(await test.refusal({ method: "GET", host: LOGIN_HOST, path: PATH })).toBe(900144);
  });

  it("is a login host's alone", async () => {
    const { body } = await discover(`https://login.microsoftonline.com/${TENANT_ID}`, MTLS_HOST);
    expect(body).toMatchObject({ error_codes: [90002] });
  });
});
