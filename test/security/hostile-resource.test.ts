import { createPopClients, type PopClients } from "@mtls-pop/core";
import type { EmulatorOptions } from "@mtls-pop/emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { signedUp, surroundings } from "../direct-flow.js";

/** Clients for an API and a vault. */
async function clients(options: EmulatorOptions = {}) {
  const around = await surroundings(options);
  const { application } = await signedUp(around);
  const { resources, transport, emulator } = around;
  const orders = { ...resources.orders, scope: emulator.customApi.scope };
  const pop: PopClients<"orders" | "vault"> = createPopClients({
    tokens: application,
    resources: { orders, vault: resources.vault },
    transport,
  });
  return { around, pop, close: () => pop.close().then(() => emulator.close()) };
}

const authorizationsAt = ({ around }: Awaited<ReturnType<typeof clients>>) =>
  around.requestsTo("custom-api").map(({ headers }) => headers["authorization"]?.split(" ") ?? []);

describe("a resource that refuses everything but Bearer", () => {
  let hostile: Awaited<ReturnType<typeof clients>>;
  beforeAll(async () => {
    hostile = await clients({ customApi: { schemes: ["bearer"] } });
  });
  beforeEach(() => hostile.around.emulator.forgetRequests());
  afterAll(() => hostile.close());

  it("gets the token under pop and mtls_pop, once each, and never as Bearer", async () => {
    expect((await hostile.pop.orders("/echo")).status).toBe(401);
    expect(authorizationsAt(hostile).map(([scheme]) => scheme)).toEqual(["pop", "mtls_pop"]);
  });

  it("gets no token that was acquired for another resource", async () => {
    await hostile.pop.vault("/secrets/my-secret?api-version=7.4");
    await hostile.pop.orders("/echo");
    const audiences = authorizationsAt(hostile).map(([, token = ""]) => {
      return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).aud;
    });
    expect(new Set(audiences)).toEqual(new Set([hostile.around.emulator.customApi.audience]));
  });
});

describe("a resource that asks for claims again and again", () => {
  let hostile: Awaited<ReturnType<typeof clients>>;
  beforeAll(async () => {
    hostile = await clients();
  });
  afterAll(() => hostile.close());

  it("makes one further token request, and is asked twice", async () => {
    expect((await hostile.pop.orders("/claims?unsatisfiable")).status).toBe(401);
    expect(hostile.around.requestsTo("custom-api")).toHaveLength(2);
    expect(hostile.around.requestsTo("token")).toHaveLength(2);
  });
});
