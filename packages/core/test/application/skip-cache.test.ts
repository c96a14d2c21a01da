import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BoundTokenApplication } from "../../src/application/mtls-pop-token-acquirer.js";
import { MtlsPopTokenAcquirer } from "../../src/application/mtls-pop-token-acquirer.js";
import { VAULT_SCOPE } from "../emulated.js";
import { twoLegs } from "../federated/two-legs.js";

let world: Awaited<ReturnType<typeof twoLegs>>;
beforeAll(async () => {
  world = await twoLegs();
});
afterAll(() => world.close());

describe("a bound token past the cache", () => {
  it.each<[string, () => BoundTokenApplication]>([
    ["a ConfidentialClientApplication", () => world.application()],
    ["a ManagedIdentityApplication", () => world.managedIdentity()],
    ["an MtlsPopTokenAcquirer", () => new MtlsPopTokenAcquirer(world.application())],
    ["a FicLeg2Exchanger", () => world.exchanger(world.confidentialClient())],
  ])("of %s is a new one, and is kept in the place of the last", async (_source, make) => {
    const source = make();
    const ask = async (skipCache?: boolean) => {
      const { accessToken, metadata } = await source.acquireBoundToken({ scopes: [VAULT_SCOPE], skipCache });
      return [accessToken, metadata.tokenSource] as const;
    };
    const [first] = await ask();
    expect(await ask()).toEqual([first, "Cache"]);
    const [second, tokenSource] = await ask(true);
    expect(tokenSource).toBe("IdentityProvider");
    expect(second).not.toBe(first);
    expect(await ask(false)).toEqual([second, "Cache"]);
  });
});
