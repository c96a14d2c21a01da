import { app } from "@azure/functions";
import { withMtlsPop } from "@mtls-pop/functions-adapter";
import { isSecretName, secretPath, vault } from "../vault.js";

/** `GET /api/secrets/{name}`: the secret, as the vault has it. */
app.http("readSecret", {
  methods: ["GET"],
  route: "secrets/{name}",
  authLevel: "function",
  handler: withMtlsPop({ resources: { vault }, warmup: true }, async (request, context, clients) => {
    const name = request.params["name"] ?? "";
    if (!isSecretName(name)) return { status: 400, jsonBody: { error: { code: "invalid_secret_name" } } };
    const response = await clients.vault(secretPath(name));
    if (response.ok || response.status === 404) {
      return { status: response.status, headers: { "cache-control": "no-store" }, jsonBody: await response.json() };
    }
    // the vault's 401 or 403 is about this app, and not about its caller
    context.error(`The vault answered ${response.status}: ${await response.text()}`);
    return { status: 502, jsonBody: { error: { code: "vault_refused" } } };
  }),
});
