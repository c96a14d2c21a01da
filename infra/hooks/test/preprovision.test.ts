import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { preprovision } from "../src/preprovision.js";
import { type HookWorld, hookWorld } from "./hook-world.js";
import { serviceError } from "./json-server.js";

let world: HookWorld;
const asIs = (): Promise<void> => Promise.resolve();
beforeEach(async () => {
  world = await hookWorld();
});
afterEach(() => world.close());

const changes = () => [...world.resourceManager.server.changes(), ...world.graph.server.changes()];
const help = (words: RegExp) => expect.objectContaining({ help: expect.stringMatching(words) });

describe("preprovision", () => {
  it("makes the app registration and its service principal, and hands their ids to Bicep", async () => {
    await world.run(preprovision);
    const [application] = world.graph.applications;
    expect(application).toMatchObject({ displayName: "keyvault-reader (dev)", signInAudience: "AzureADMyOrg", tags: ["azd-env-name:dev"] });
    expect((await world.azd.read()).values).toEqual({
      APPLICATION_CLIENT_ID: application?.appId,
      APPLICATION_OBJECT_ID: application?.id,
      APPLICATION_PRINCIPAL_ID: world.graph.servicePrincipals[0]?.["id"],
    });
  });

  it("changes nothing when it runs again", async () => {
    await world.run(preprovision);
    const before = [changes(), await world.azd.read()] as const;
    await world.run(preprovision);
    const { calls, values } = await world.azd.read();
    expect(changes()).toEqual(before[0]);
    expect(values).toEqual(before[1].values);
    expect(calls.slice(before[1].calls.length).filter(([word]) => word === "env")).toEqual([]);
  });

  it("finds the registration by its name when the azd environment was lost", async () => {
    await world.run(preprovision);
    await world.azd.set({ values: {} });
    await world.run(preprovision);
    expect(world.graph.applications).toHaveLength(1);
    expect(world.graph.servicePrincipals).toHaveLength(1);
    expect((await world.azd.read()).values["APPLICATION_CLIENT_ID"]).toBe(world.graph.applications[0]?.appId);
  });

  it("takes the registration that the user names, and makes its service principal", async () => {
    const given = world.graph.add("given");
    await world.run(preprovision, { APPLICATION_CLIENT_ID: given.appId });
    expect(world.graph.applications).toEqual([given]);
    expect(world.graph.servicePrincipals).toEqual([expect.objectContaining({ appId: given.appId })]);
  });

  it("says so when the named registration is not there, and makes none in its place", async () => {
    const unknown = { APPLICATION_CLIENT_ID: "cccccccc-0000-0000-0000-000000000001" };
    await expect(world.run(preprovision, unknown)).rejects.toEqual(help(/azd env set APPLICATION_CLIENT_ID/));
    expect(world.graph.applications).toEqual([]);
    await expect(world.run(preprovision, { APPLICATION_CLIENT_ID: "x')/owners" })).rejects.toThrow(/no GUID/);
  });

  it("makes a new registration where the one that it made is gone", async () => {
    await world.run(preprovision);
    const { appId } = world.graph.applications.splice(0)[0] ?? {};
    const said = await world.run(preprovision);
    expect(said).toContain(`${appId} is gone`);
    expect((await world.azd.read()).values["APPLICATION_CLIENT_ID"]).toBe(world.graph.applications[0]?.appId);
  });

  it("does not take a registration that the user names later for one that is gone", async () => {
    await world.run(preprovision);
    const { length } = changes();
    const unknown = { APPLICATION_CLIENT_ID: "cccccccc-0000-0000-0000-000000000001" };
    await expect(world.run(preprovision, unknown)).rejects.toEqual(help(/azd env set APPLICATION_CLIENT_ID/));
    expect(changes()).toHaveLength(length);
  });

  it("says how to go on where the registration was deleted and its name is taken for thirty days", async () => {
    await world.run(preprovision);
    const [gone] = world.graph.applications;
    world.graph.deletedApplications.push(...world.graph.applications.splice(0));
    const error = expect.objectContaining({
      message: expect.stringMatching(/was deleted.*uniqueName already exists/),
      help: expect.stringMatching(new RegExp(`Deleted applications.*deletedItems/${gone?.id}/restore`)),
    });
    await expect(world.run(preprovision)).rejects.toEqual(error);
    await world.azd.set({ values: {} });
    await expect(world.run(preprovision)).rejects.toEqual(help(/Deleted applications/));
  });

  it("takes the registration that somebody else makes at the same moment", async () => {
    world.graph.onRequest = ({ method }) => {
      if (method !== "PATCH") return;
      world.graph.onRequest = () => {};
      const theirs = world.graph.add("theirs");
      theirs.uniqueName = `mtls-pop-keyvault-reader-${world.resourceManager.subscriptionId}-dev`;
      world.graph.next.push(
        serviceError(400, "Request_BadRequest", "Another object with the same value for property uniqueName already exists."),
      );
    };
    expect(await world.run(preprovision)).toContain('"theirs"');
  });

  it("waits for replicas of Graph that have not seen what was made", async () => {
    world.graph.lag = 3;
    await world.run(preprovision);
    expect([world.graph.applications.length, world.graph.servicePrincipals.length]).toEqual([1, 1]);
  });

  it("takes a service principal that somebody else made in between", async () => {
    world.graph.onRequest = ({ method, url }) => {
      if (method !== "POST" || !url.pathname.endsWith("/servicePrincipals")) return;
      world.graph.onRequest = () => {};
      world.graph.servicePrincipals.push({ id: "theirs", appId: world.graph.applications[0]?.appId });
    };
    await world.run(preprovision);
    expect((await world.azd.read()).values["APPLICATION_PRINCIPAL_ID"]).toBe("theirs");
  });

  it("says which role is missing where the directory refuses, in its words", async () => {
    world.graph.next.push(serviceError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."));
    const error = expect.objectContaining({
      message: expect.stringMatching(/Microsoft Graph refused GET .*\(403, Authorization_RequestDenied.*\): Insufficient privileges/),
      help: expect.stringMatching(/Application Developer/),
    });
    await expect(world.run(preprovision)).rejects.toEqual(error);
  });

  it("comes back when Graph has been told to, and no sooner", async () => {
    world.graph.next.push(serviceError(429, "TooManyRequests", "Slow down.", { "retry-after": "1" }));
    await world.run(preprovision);
    const [refused, again] = world.graph.server.requests;
    expect((again?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThan(950);
    expect(again?.url.href).toBe(refused?.url.href);
  });
});

describe("the subscription", () => {
  it("is found in a tenant that is not the login's own", async () => {
    world.resourceManager.isHomeTenant = false;
    const said = await world.run(preprovision);
    expect(said).toContain(`tenant ${world.tenantId}`);
    const { calls } = await world.azd.read();
    expect(calls.filter(([word]) => word === "auth").map((args) => args.includes(world.tenantId))).toEqual([false, true, true, true]);
  });

  it.each([
    ["nobody is logged in", /azd auth login/, () => world.azd.set({ loggedIn: false }), {}],
    [
      "the subscription is not seen",
      /AZURE_SUBSCRIPTION_ID/,
      async () => {},
      { AZURE_SUBSCRIPTION_ID: "aaaaaaaa-0000-0000-0000-00000000000f" },
    ],
    ["its id is none", /AZURE_SUBSCRIPTION_ID/, asIs, { AZURE_SUBSCRIPTION_ID: "my subscription" }],
    ["azd has not asked for one", /azd env set AZURE_SUBSCRIPTION_ID .*`azd up`, which asks/, asIs, { AZURE_SUBSCRIPTION_ID: "" }],
    ["azd has not asked for a region", /azd env set AZURE_LOCATION/, asIs, { AZURE_LOCATION: "" }],
    ["it is disabled", /portal/, async (): Promise<void> => void Object.assign(world.resourceManager, { state: "Disabled" }), {}],
    ["azd is too old", /install-azd/, () => world.azd.set({ version: "1.23.14" }), {}],
    ["azd's version is none", /install-azd/, () => world.azd.set({ version: "daily" }), {}],
  ] as const)("stops when %s, before anything is made", async (_case, words, arrange, settings) => {
    await arrange();
    await expect(world.run(preprovision, settings)).rejects.toEqual(help(words));
    expect(changes()).toEqual([]);
  });
});

describe("resource providers", () => {
  it("registers what is missing, waits for it, and leaves alone what is registered", async () => {
    world.resourceManager.providers.set("Microsoft.Web", "NotRegistered").set("Microsoft.Insights", "Unregistered");
    await world.run(preprovision);
    const path = `POST /subscriptions/${world.resourceManager.subscriptionId}/providers`;
    expect(world.resourceManager.server.changes()).toEqual([`${path}/Microsoft.Web/register`, `${path}/Microsoft.Insights/register`]);
  });

  it("needs two more for a private network", async () => {
    world.resourceManager.providers.set("Microsoft.App", "NotRegistered").set("Microsoft.Network", "NotRegistered");
    await world.run(preprovision);
    expect(world.resourceManager.server.changes()).toEqual([]);
    await world.run(preprovision, { VNET_ENABLED: "true" });
    expect(world.resourceManager.server.changes()).toHaveLength(2);
  });

  it("gives up in words when one does not come", async () => {
    world.resourceManager.providers.set("Microsoft.Web", "NotRegistered");
    world.resourceManager.looksUntilRegistered = 1000;
    await expect(world.run(preprovision)).rejects.toEqual(help(/az provider show --namespace Microsoft.Web/));
  });

  it("says which role is missing where they may not be registered", async () => {
    world.resourceManager.providers.set("Microsoft.Web", "NotRegistered");
    const { server } = world.resourceManager;
    world.resourceManager.next.push(
      ...Array.from({ length: 1 }, () => serviceError(403, "AuthorizationFailed", "The client has no authorization.")),
    );
    await expect(world.run(preprovision)).rejects.toEqual(help(/Contributor/));
    expect(server.changes()).toEqual([]);
  });
});

describe("the region", () => {
  it("is found on a later page of those that have Flex Consumption, however it is written", async () => {
    expect(await world.run(preprovision, { AZURE_LOCATION: "East US" })).toContain("eastus has Flex Consumption");
  });

  it("is refused without Flex Consumption, with those that have it", async () => {
    const error = expect.objectContaining({
      message: expect.stringContaining("eastus, northeurope, westus3"),
      help: expect.stringMatching(/AZURE_LOCATION/),
    });
    await expect(world.run(preprovision, { AZURE_LOCATION: "antarctica" })).rejects.toEqual(error);
    expect(world.graph.server.requests).toEqual([]);
  });
});

describe("a service that cannot be reached", () => {
  it("is asked again after a reset", async () => {
    world.resourceManager.next.push("reset", "reset");
    await world.run(preprovision);
    expect(world.graph.applications).toHaveLength(1);
  });

  it("is named when it stays so", async () => {
    world.resourceManager.next.push(...Array.from({ length: 10 }, () => "reset" as const));
    await expect(world.run(preprovision)).rejects.toThrow(/Azure Resource Manager could not be reached/);
  });
});

describe("a service that does not answer", () => {
  const within = (answerMs: number) => ({ pace: { pollMs: 1, retryMs: 1, answerMs } });

  it("is asked again", async () => {
    world.resourceManager.next.push("silence");
    await world.run(preprovision, {}, within(1000));
    expect(world.graph.applications).toHaveLength(1);
  });

  it("is named when it stays so", async () => {
    world.resourceManager.next.push(...Array.from({ length: 10 }, () => "silence" as const));
    await expect(world.run(preprovision, {}, within(100))).rejects.toThrow(/Azure Resource Manager could not be reached.*timeout/);
  });
});

describe("an answer that is none of the service's", () => {
  it.each([
    ["a redirect", { status: 302, headers: { location: "http://127.0.0.1:1/" } }, /\(302\)|\(302,/],
    [
      "a wait of an hour",
      serviceError(429, "TooManyRequests", "Come back later.", { "retry-after": "3600" }),
      /429, TooManyRequests.*Come back later/,
    ],
  ])("%s is neither followed nor waited for", async (_case, answer, words) => {
    world.resourceManager.next.push(answer);
    await expect(world.run(preprovision)).rejects.toThrow(words);
    expect(world.resourceManager.server.requests).toHaveLength(1);
  });
});

describe("an answer that says nothing", () => {
  it.each(["of Azure Resource Manager", "of Microsoft Graph"])("%s is not taken for an id", async (whose) => {
    const service = whose.includes("Graph") ? world.graph : world.resourceManager;
    service.next.push({ status: 200, body: { state: "Enabled" } });
    await expect(world.run(preprovision)).rejects.toEqual(help(/proxy/));
    expect((await world.azd.read()).values).toEqual({});
  });
});

describe("Ctrl-C", () => {
  it("ends a wait at once, with its own reason", async () => {
    world.resourceManager.providers.set("Microsoft.Web", "NotRegistered");
    world.resourceManager.looksUntilRegistered = 1000;
    const interruption = new AbortController();
    const reason = new Error("interrupted");
    const running = world.run(
      preprovision,
      {},
      {
        signal: interruption.signal,
        pace: { pollMs: 600_000, retryMs: 1, answerMs: 60_000 },
        say: (line) => line.includes("Waiting") && interruption.abort(reason),
      },
    );
    await expect(running).rejects.toMatchObject({ name: "AbortError", cause: reason });
  });
});
