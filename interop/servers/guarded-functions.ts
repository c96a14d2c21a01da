import { app } from "@azure/functions";
import type { PopTokenOptions } from "@mtls-pop/core/guard";
import { startFunctionsHost } from "@mtls-pop/emulator";
import { requireMtlsPop } from "@mtls-pop/functions-adapter/guard";

/** A Functions app behind a server that ends TLS. */
export interface GuardedFunctions {
  readonly port: number;
  /** The clients that reached the function, and the certificate that it was told of (SHA-256, hex), in order. */
  readonly letIn: { readonly clientId: string | undefined; readonly thumbprintSha256: string }[];
  close(): Promise<void>;
}

/** Hosts an app whose function `orders` lets in whoever brings a token and the certificate that App Service's header has. */
export async function startGuardedFunctions(trust: PopTokenOptions): Promise<GuardedFunctions> {
  const letIn: GuardedFunctions["letIn"] = [];
  const entry = () =>
    app.http("orders", {
      route: "orders",
      authLevel: "anonymous",
      handler: requireMtlsPop({ ...trust, certificateFrom: "app-service-required" }, (_request, _context, { clientId, certificate }) => {
        letIn.push({ clientId, thumbprintSha256: certificate.fingerprint256.replaceAll(":", "") });
        return { body: "welcome" };
      }),
    });
  const host = await startFunctionsHost({ entry });
  return { port: Number(new URL(host.url).port), letIn, close: () => host.close() };
}
