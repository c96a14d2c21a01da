import { describe, expect, it } from "vitest";
import type { Resource } from "../../src/resource/resource.js";
import { ResourceRegistry } from "../../src/resource/resource-registry.js";
import { given } from "./calling.js";

/** A registry without configuration, and the hosts that it forgot. */
function registry() {
  const forgotten: string[] = [];
  const onForget = ({ baseUrl }: Resource) => forgotten.push(baseUrl.host);
  const all = new ResourceRegistry({ tokens: given(undefined), resources: {}, onForget });
  const vault = (number: number) => all.find(new URL(`https://v${number}.vault.azure.net/secrets/x`));
  return { all, forgotten, vault };
}

describe("known hosts", () => {
  it("are kept in mind, a hundred of them, and the one that was not used for longest is forgotten, and told of", () => {
    const { forgotten, vault } = registry();
    const first = vault(0);
    for (let number = 1; number < 100; number++) vault(number);
    expect(vault(0)).toBe(first);
    expect(forgotten).toEqual([]);
    vault(100);
    vault(101);
    expect(forgotten).toEqual(["v1.vault.azure.net", "v2.vault.azure.net"]);
    expect(vault(0)).toBe(first);
  });

  it("that were forgotten still own their paths, for a call that is under way, and are not brought back by it", () => {
    const { all, forgotten, vault } = registry();
    const first = vault(0);
    for (let number = 1; number <= 100; number++) vault(number);
    expect(forgotten).toEqual(["v0.vault.azure.net"]);
    expect(all.owns(first, new URL("https://v0.vault.azure.net/secrets/y"))).toBe(true);
    expect(all.owns(first, new URL("https://v1.vault.azure.net/secrets/y"))).toBe(false);
    expect(forgotten).toHaveLength(1);
  });
});
