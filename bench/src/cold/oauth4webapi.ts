// the bound flow with a general OAuth library and undici
import { readFile } from "node:fs/promises";
import {
  type AuthorizationServer,
  type Client,
  clientCredentialsGrantRequest,
  customFetch,
  processClientCredentialsResponse,
  TlsClientAuth,
} from "oauth4webapi";
import { Agent } from "undici";
import { loopback } from "../loopback.js";
import { finish, surroundings } from "./program.js";

const { ca, authority, certificateFile, clientId, scope, mtlsTokenEndpoint, boundResource } = surroundings;
const pem = await readFile(certificateFile, "utf8");
const dispatcher = new Agent({ connect: { ca, cert: pem, key: pem, lookup: loopback } });
const boundFetch = (url: string, init: RequestInit): Promise<Response> => fetch(url, Object.assign(init, { dispatcher }));
const server: AuthorizationServer = { issuer: `${authority}/v2.0`, token_endpoint: mtlsTokenEndpoint };
const client: Client = { client_id: clientId };
const answer = await clientCredentialsGrantRequest(
  server,
  client,
  TlsClientAuth(),
  { scope, token_type: "mtls_pop" },
  { [customFetch]: (url, { body, method, headers, redirect }) => boundFetch(url, { body, method, headers, redirect }) },
);
const { access_token: token } = await processClientCredentialsResponse(server, client, answer, {
  recognizedTokenTypes: { mtls_pop: () => undefined },
});
const response = await boundFetch(boundResource, { headers: { authorization: `pop ${token}` } });
finish(response.status, await response.text());
