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
    const headers = { "cache-control": "no-store" };
    if (response.ok || response.status === 404) return { status: response.status, headers, jsonBody: await response.json() };
    context.error(`The vault answered ${response.status}: ${await response.text()}`);
    if (response.status === 429 || response.status === 503) {
      // the caller is the one who can come back later
      const wait = response.headers.get("retry-after");
      const jsonBody = { error: { code: "vault_unavailable" } };
      return { status: response.status, headers: { ...headers, ...(wait && { "retry-after": wait }) }, jsonBody };
    }
    // the vault's 401 or 403 is about this app, and not about its caller
    return { status: 502, headers, jsonBody: { error: { code: "vault_refused" } } };
  }),
});
