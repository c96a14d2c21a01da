import { Agent, get } from "node:https";
import { createSecureContext } from "node:tls";
import { loopback } from "../loopback.js";
import { boundToken } from "./bound-token.js";
import type { Prepare } from "./operation.js";

export const prepare: Prepare = async (surroundings) => {
  const { ca, plainResource } = surroundings;
  const { pem, authorization } = await boundToken(surroundings);
  const secureContext = createSecureContext({ ca, cert: pem, key: pem });
  const agent = new Agent({ keepAlive: true, secureContext, lookup: loopback });
  return () =>
    new Promise<string>((resolve, reject) => {
      const outgoing = get(plainResource, { agent, headers: { authorization } }, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          body += chunk;
        });
        response.on("end", () => resolve(body));
        response.on("error", reject);
      });
      outgoing.on("error", reject);
    });
};
