// A Functions app of one function, hosted by the emulator; prints what a caller of it gets.
import { app } from "@azure/functions";
import { prepareLocalApp, startEmulator, startFunctionsHost } from "@mtls-pop/emulator";
import { withMtlsPop } from "@mtls-pop/functions-adapter";

const emulator = await startEmulator();
const local = await prepareLocalApp(emulator, { secrets: { "my-secret": "from the vault" } });
const resources = { vault: { baseUrl: "%KEY_VAULT_URL%", profile: "key-vault" } };
const entry = () =>
  app.http("readSecret", {
    route: "secrets/{name}",
    authLevel: "function",
    handler: withMtlsPop({ resources }, async (request, _context, { vault }) => {
      const response = await vault(`/secrets/${request.params.name}?api-version=7.4`);
      return { status: response.status, jsonBody: await response.json() };
    }),
  });
const host = await startFunctionsHost({ entry, env: local.environment });
const response = await fetch(`${host.url}/api/secrets/my-secret`, { headers: { "x-functions-key": host.functionKey } });
const { value } = await response.json();
await host.close();
await local.dispose();
await emulator.close();
console.log(JSON.stringify({ status: response.status, value }));
