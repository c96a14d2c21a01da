import { app } from "@azure/functions";
import { withMtlsPop } from "@mtls-pop/functions-adapter";
import { VAULT_SCOPE } from "../vault.js";

/**
 * `GET /api/health`: whether this app can get a bound token, and how long its certificate lasts. Nothing secret is in it, but who the
 * app is in the directory is no stranger's business, and a stranger shall not make it ask for tokens: a key is needed here too.
 */
app.http("health", {
  methods: ["GET"],
  authLevel: "function",
  handler: withMtlsPop(async (_request, _context, { acquireToken }) => {
    const { tokenType, expiresOn, bindingCertificate, metadata } = await acquireToken({ scopes: [VAULT_SCOPE] });
    return {
      headers: { "cache-control": "no-store" },
      jsonBody: {
        status: "ok",
        certificate: {
          subject: bindingCertificate?.subject,
          thumbprint: bindingCertificate?.thumbprint,
          notAfter: bindingCertificate?.notAfter,
        },
        token: { tokenType, expiresOn, source: metadata.tokenSource, endpoint: metadata.tokenEndpoint },
      },
    };
  }),
});
