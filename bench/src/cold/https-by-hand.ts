// the floor: the bound flow with nothing but node:https, one TLS context, one agent
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { createSecureContext } from "node:tls";
import { loopback } from "../loopback.js";
import { finish, surroundings } from "./program.js";

const { ca, certificateFile, clientId, scope, mtlsTokenEndpoint, boundResource } = surroundings;
const pem = readFileSync(certificateFile);
const secureContext = createSecureContext({ ca, cert: pem, key: pem });
const agent = new Agent({ keepAlive: true, secureContext, lookup: loopback });

function send(url: string, method: string, headers: Record<string, string>, body?: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const form = new URLSearchParams({ client_id: clientId, grant_type: "client_credentials", scope, token_type: "mtls_pop" }).toString();
const answer = await send(
  mtlsTokenEndpoint,
  "POST",
  { "content-type": "application/x-www-form-urlencoded", "content-length": String(form.length) },
  form,
);
const { access_token: token } = JSON.parse(answer.body) as { access_token: string };
const { status, body } = await send(boundResource, "GET", { authorization: `pop ${token}` });
finish(status, body);
