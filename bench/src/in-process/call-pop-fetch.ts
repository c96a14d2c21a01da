import { createPopFetch } from "@mtls-pop/core";
import { loopback } from "../loopback.js";
import { boundToken } from "./bound-token.js";
import type { Prepare } from "./operation.js";

export const prepare: Prepare = async (surroundings) => {
  const { ca, plainResource, scope } = surroundings;
  const { application } = await boundToken(surroundings);
  const popFetch = createPopFetch({
    tokens: application,
    resources: { orders: { baseUrl: new URL(plainResource).origin, scope } },
    transport: { ca, lookup: loopback },
  });
  return async () => (await popFetch(plainResource)).text();
};
