import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { refusal } from "../certificate/authority.js";
import { calling, echoed } from "./calling.js";

type World = Awaited<ReturnType<typeof calling>>;
let world: World;
/** Takes `mtls_pop` alone, as the API of today's Microsoft services. */
let modern: World;
/** Takes neither. */
let strange: World;
beforeAll(async () => {
  [world, modern, strange] = await Promise.all([
    calling(),
    calling({ customApi: { schemes: ["mtls_pop"] } }),
    calling({ customApi: { schemes: ["dpop"] } }),
  ]);
});
beforeEach(() => {
  for (const one of [world, modern, strange]) one.emulator.forgetRequests();
});
afterAll(() => Promise.all([world, modern, strange].map((one) => one.close())));

function schemes({ arrived }: World): (string | undefined)[] {
  return arrived().map(({ headers }) => headers["authorization"]?.split(" ")[0]);
}

describe("the authorization scheme", () => {
  it("CALL-02 an unknown resource gets pop, after a 401 once mtls_pop, and that is remembered for the origin", async () => {
    await using popFetch = modern.popFetch();
    expect((await popFetch(`${modern.customApi.url}/echo`)).status).toBe(200);
    expect((await popFetch(`${modern.customApi.url}/echo`)).status).toBe(200);
    expect(schemes(modern)).toEqual(["pop", "mtls_pop", "mtls_pop"]);
    expect(new Set(modern.arrived().map(({ connectionId }) => connectionId)).size).toBe(1);
  });

  it("one that takes pop is never asked with another", async () => {
    await using popFetch = world.popFetch();
    await popFetch(`${world.customApi.url}/echo`);
    expect(schemes(world)).toEqual(["pop"]);
  });

  it("is remembered by each client for itself", async () => {
    await using first = modern.popFetch();
    await using second = modern.popFetch();
    await first(`${modern.customApi.url}/echo`);
    await second(`${modern.customApi.url}/echo`);
    expect(schemes(modern)).toEqual(["pop", "mtls_pop", "pop", "mtls_pop"]);
  });

  it("a body of bytes is sent again with the other scheme", async () => {
    await using popFetch = modern.popFetch();
    const echo = await echoed(popFetch(`${modern.customApi.url}/echo`, { method: "POST", body: "again" }));
    expect(echo).toMatchObject({ text: "again", authorizationScheme: "mtls_pop" });
    const blob = await echoed(popFetch(`${modern.customApi.url}/echo`, { method: "POST", body: new Blob(["again"]) }));
    expect(blob.text).toBe("again");
  });

  it("CALL-06 a stream is not sent again: one request, and an error that says so", async () => {
    await using popFetch = modern.popFetch();
    const body = new Blob(["once"]).stream();
    const error = await refusal(popFetch(`${modern.customApi.url}/echo`, { method: "POST", body, duplex: "half" }));
    expect(error).toMatchObject({ code: "body_not_replayable", statusCode: 401 });
    expect(schemes(modern)).toEqual(["pop"]);
  });

  it("CALL-06 a stream goes through once the resource is known", async () => {
    await using popFetch = modern.popFetch();
    await popFetch(`${modern.customApi.url}/echo`);
    const body = new Blob(["once"]).stream();
    const echo = await echoed(popFetch(`${modern.customApi.url}/echo`, { method: "POST", body, duplex: "half" }));
    expect(echo.text).toBe("once");
  });

  it.each(["pop", "mtls_pop"] as const)("an explicit %s is sent alone, whatever comes back", async (authorizationScheme) => {
    const resources = { orders: { ...strange.resources.orders, authorizationScheme } };
    await using popFetch = strange.popFetch({ resources });
    expect((await popFetch(`${strange.customApi.url}/echo`)).status).toBe(401);
    expect(schemes(strange)).toEqual([authorizationScheme]);
  });

  it("when neither is taken, the first answer is the caller's, with its body", async () => {
    await using popFetch = strange.popFetch();
    const response = await popFetch(`${strange.customApi.url}/echo`);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^dpop /);
    expect(await response.json()).toMatchObject({ error_description: "The scheme pop is not taken." });
    expect(schemes(strange)).toEqual(["pop", "mtls_pop"]);
    await popFetch(`${strange.customApi.url}/echo`);
    expect(schemes(strange).slice(2)).toEqual(["pop", "mtls_pop"]);
  });

  it("a known profile begins with mtls_pop", async () => {
    await using popFetch = world.popFetch();
    expect((await popFetch(`${world.emulator.graph.url}/v1.0/applications`)).status).toBe(200);
    expect(schemes(world)).toEqual(["mtls_pop"]);
  });
});

describe("a claims challenge", () => {
  const claims = { access_token: { acrs: { essential: true, value: "c7" } } };

  it("CALL-03 is answered with one new token that has the claims, and one more try", async () => {
    await using popFetch = world.popFetch();
    await popFetch(`${world.customApi.url}/echo`);
    const response = await popFetch(`${world.customApi.url}/claims?value=c7`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ acrs: ["c7"] });
    expect(world.arrived().map(({ status }) => status)).toEqual([200, 401, 200]);
    expect(world.tokenRequests().map(({ form }) => form?.["claims"])).toEqual([undefined, JSON.stringify(claims)]);
  });

  it("that no token satisfies hands the 401 to the caller, after one try", async () => {
    await using popFetch = world.popFetch();
    const response = await popFetch(`${world.customApi.url}/claims?value=c7&unsatisfiable`);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("insufficient_claims");
    expect(await response.json()).toMatchObject({ error: "insufficient_claims" });
    expect(world.arrived()).toHaveLength(2);
    expect(world.tokenRequests()).toHaveLength(2);
  });

  it("after a change of scheme is answered too, and the scheme is remembered", async () => {
    await using popFetch = modern.popFetch();
    const response = await popFetch(`${modern.customApi.url}/claims?value=c7&unsatisfiable`);
    expect(response.headers.get("www-authenticate")).toContain("insufficient_claims");
    expect((await popFetch(`${modern.customApi.url}/claims?value=c8`)).status).toBe(200);
    expect(schemes(modern)).toEqual(["pop", "mtls_pop", "mtls_pop", "mtls_pop", "mtls_pop"]);
  });

  it("CALL-06 is not answered for a stream, which is sent once", async () => {
    await using popFetch = world.popFetch();
    const body = new Blob(["once"]).stream();
    const error = await refusal(popFetch(`${world.customApi.url}/claims`, { method: "POST", body, duplex: "half" }));
    expect(error).toMatchObject({ code: "body_not_replayable", statusCode: 401 });
    expect(world.arrived()).toHaveLength(1);
  });
});

describe("CALL-01 a vault", () => {
  const query = "api-version=7.4";

  it("CALL-01 is called over TLS 1.2 and HTTP/1.1 with its header, and shown the certificate when it asks", async () => {
    world.emulator.keyVault.secrets.set("my-secret", "s3cret");
    await using popFetch = world.popFetch();
    const response = await popFetch(`${world.emulator.keyVault.url}/secrets/my-secret?${query}`);
    expect(await response.json()).toMatchObject({ value: "s3cret" });
    const [call] = world.arrived();
    expect(call).toMatchObject({ tlsProtocol: "TLSv1.2", headers: { "x-ms-tokenboundauth": "true" }, status: 200 });
    expect(call?.headers["authorization"]).toMatch(/^mtls_pop /);
    expect(call?.clientCertificate?.equals(world.issued.certificateDer)).toBe(true);
  });

  it("gets a body of 1 MiB whole, although it asks for the certificate after it", async () => {
    await using popFetch = world.popFetch();
    const value = "v".repeat(1024 * 1024);
    const url = `${world.emulator.keyVault.url}/secrets/large?${query}`;
    expect((await popFetch(url, { method: "PUT", body: JSON.stringify({ value }) })).status).toBe(200);
    expect(world.emulator.keyVault.secrets.get("large")?.value).toBe(value);
    const body = new Blob([JSON.stringify({ value: `${value}2` })]).stream();
    expect((await popFetch(url, { method: "PUT", body, duplex: "half" })).status).toBe(200);
    expect(world.emulator.keyVault.secrets.get("large")?.value).toBe(`${value}2`);
    expect((await popFetch(url, { method: "POST", body: value })).status).toBe(405);
  });

  it("is sent its header as it must be, whatever the caller writes there", async () => {
    const vault = { ...world.resources.vault, headers: { "X-MS-TokenBoundAuth": "false" } };
    await using popFetch = world.popFetch({ resources: { vault } });
    const headers = { "x-ms-tokenboundauth": "no" };
    expect((await popFetch(`${world.emulator.keyVault.url}/secrets/my-secret?${query}`, { headers })).status).toBe(200);
    expect(world.arrived()[0]?.headers["x-ms-tokenboundauth"]).toBe("true");
  });

  it("that runs out of roles says so in its own words", async () => {
    world.emulator.keyVault.restrictTo([]);
    await using popFetch = world.popFetch();
    expect((await popFetch(`${world.emulator.keyVault.url}/secrets/my-secret?${query}`)).status).toBe(403);
    world.emulator.keyVault.restrictTo("everyone");
    expect(schemes(world)).toEqual(["mtls_pop"]);
  });
});
