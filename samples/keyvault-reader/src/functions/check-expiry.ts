import { app } from "@azure/functions";
import { withMtlsPop } from "@mtls-pop/functions-adapter";
import { expiryOf } from "../secret-expiry.js";
import { secretPath, vault } from "../vault.js";

const WARN_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Every morning: warns when the secret that the app setting CHECKED_SECRET_NAME names is about to expire. */
app.timer("checkExpiry", {
  schedule: "0 0 6 * * *",
  handler: withMtlsPop({ resources: { vault } }, async (_timer, context, clients) => {
    const name = process.env["CHECKED_SECRET_NAME"] || "my-secret";
    const response = await clients.vault(secretPath(name));
    // thrown, so that the run counts as failed
    if (!response.ok) throw new Error(`The vault answered ${response.status} for the secret "${name}": ${await response.text()}`);
    const expires = expiryOf(await response.json());
    if (!expires) context.warn(`The secret "${name}" never expires.`);
    else if (expires.getTime() < Date.now()) context.error(`The secret "${name}" expired on ${expires.toISOString()}.`);
    else if (expires.getTime() < Date.now() + WARN_DAYS * DAY_MS) context.warn(`The secret "${name}" expires on ${expires.toISOString()}.`);
    else context.log(`The secret "${name}" is good until ${expires.toISOString()}.`);
  }),
});
