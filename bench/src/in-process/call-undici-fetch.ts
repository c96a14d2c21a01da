import { Agent, fetch } from "undici";
import { loopback } from "../loopback.js";
import { boundToken } from "./bound-token.js";
import type { Prepare } from "./operation.js";

export const prepare: Prepare = async (surroundings) => {
  const { ca, plainResource } = surroundings;
  const { pem, authorization } = await boundToken(surroundings);
  const dispatcher = new Agent({ connect: { ca, cert: pem, key: pem, lookup: loopback } });
  return async () => (await fetch(plainResource, { headers: { authorization }, dispatcher })).text();
};
