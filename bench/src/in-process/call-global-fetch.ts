import { Agent } from "undici";
import { loopback } from "../loopback.js";
import { boundToken } from "./bound-token.js";
import type { Prepare } from "./operation.js";

export const prepare: Prepare = async (surroundings) => {
  const { ca, plainResource } = surroundings;
  const { pem, authorization } = await boundToken(surroundings);
  const dispatcher = new Agent({ connect: { ca, cert: pem, key: pem, lookup: loopback } });
  const init: RequestInit = { headers: { authorization } };
  // the types of Node's undici and of the package differ
  Object.assign(init, { dispatcher });
  return async () => (await fetch(plainResource, init)).text();
};
