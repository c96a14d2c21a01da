import { createPopClients, type PopClients } from "@mtls-pop/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { signedUp, surroundings } from "../direct-flow.js";

let around: Awaited<ReturnType<typeof surroundings>>;
let pop: PopClients<"orders" | "other">;
beforeAll(async () => {
  around = await surroundings();
  const { application } = await signedUp(around);
  const { scope, urlOf } = around.emulator.customApi;
  const resources = { orders: { ...around.resources.orders, scope }, other: { baseUrl: urlOf("other"), scope } };
  pop = createPopClients({ tokens: application, resources, transport: around.transport });
});
beforeEach(() => around.emulator.forgetRequests());
afterAll(async () => {
  await pop.close();
  await around.emulator.close();
});

const redirect = (to: string, status: number) => pop.orders(`/redirect?status=${status}&to=${encodeURIComponent(to)}`);

describe.each([301, 302, 303, 307, 308])("a redirect with status %i", (status) => {
  it.each([
    ["another name", () => `${around.emulator.customApi.urlOf("evil")}/echo`],
    ["another resource of the same client", () => `${around.emulator.customApi.urlOf("other")}/echo`],
    ["the same host without TLS", () => `${around.emulator.customApi.url.replace("https:", "http:")}/echo`],
    ["the same host on another port", () => "https://orders.api.emulator.localhost:1/echo"],
    ["a URL that hides its host behind a user name", () => `https://orders.api.emulator.localhost@evil.api.emulator.localhost/echo`],
    ["a URL that hides its host behind slashes", () => "//evil.api.emulator.localhost/echo"],
  ])("to %s is refused, and nothing is sent there", async (_, target) => {
    await expect(redirect(target(), status)).rejects.toMatchObject({ code: "redirect_refused", statusCode: status });
    expect(around.requestsTo("custom-api").map(({ path, host }) => [host, path])).toEqual([["orders.api.emulator.localhost", "/redirect"]]);
  });

  it("within the origin is followed with token and certificate", async () => {
    expect((await redirect("/echo", status)).status).toBe(200);
  });
});
