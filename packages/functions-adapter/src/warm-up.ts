import { app } from "@azure/functions";
import { isMtlsPopError } from "@mtls-pop/core";
import type { AppClients } from "./app-clients.js";
import type { ClientSettings } from "./client-settings.js";

/**
 * Acquires tokens when the app starts. Start-up does not wait: a first call joins the acquisition that is under way. A failure must not
 * take all functions down, so it is logged, and the first call tries again and reports.
 */
export function warmUpAtStart(clients: AppClients, settings: ClientSettings): void {
  app.hook.appStart(() => {
    // functions that say the same have one warm-up
    if (clients.startsWarmUp(settings)) void warmUp(clients, settings);
  });
}

async function warmUp(clients: AppClients, settings: ClientSettings): Promise<void> {
  try {
    await clients.get(settings).warmUp();
  } catch (error) {
    if (clients.closed) return;
    console.warn(`[mtls-pop] The warm-up failed; the first call tries again. ${describe(error)}`);
  }
}

/** What an app's own token source throws may be anything, also something that cannot be made a string. */
function describe(error: unknown): string {
  if (isMtlsPopError(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : `The token source threw a value of type ${typeof error}.`;
}
