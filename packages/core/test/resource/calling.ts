import type { EchoedCall, EmulatorOptions } from "@mtls-pop/emulator";
import type { BoundToken, BoundTokenSource } from "../../src/application/bound-token-source.js";
import type { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { createPopFetch, type PopFetch, type PopFetchOptions } from "../../src/resource/pop-fetch.js";
import { emulated } from "../emulated.js";

/** An emulator, and a bound fetch that may call its custom API and its vaults. */
export async function calling(options: EmulatorOptions = {}) {
  const entra = await emulated(options);
  const { emulator, transport } = entra;
  const { customApi, keyVault, graph } = emulator;
  const resources = {
    orders: { baseUrl: customApi.url, scope: customApi.scope },
    vault: { baseUrl: keyVault.url, profile: "key-vault" },
    graph: { baseUrl: graph.url, profile: "graph" },
  } as const;
  return {
    ...entra,
    resources,
    customApi,
    /** A client; a test that uses up its connections makes one of its own. */
    popFetch: (over: Partial<PopFetchOptions> = {}): PopFetch =>
      createPopFetch({ tokens: entra.application(), transport, resources, ...over }),
    /** What reached the resources, whichever. */
    arrived: () => emulator.requests.filter(({ server }) => server !== "token"),
    /** A token for the custom API, bound to this certificate. */
    tokenOf: (certificate: BindingCertificate, scope: string = customApi.scope): Promise<BoundToken> =>
      entra.application({ certificate }).acquireBoundToken({ scopes: [scope] }),
  };
}

/** A source that gives what it is told to, and counts. */
export function given(token: unknown): BoundTokenSource & { asked: number } {
  return {
    asked: 0,
    async acquireBoundToken() {
      this.asked++;
      return token as BoundToken;
    },
  };
}

/** What the custom API says that it was sent. */
export async function echoed(response: Promise<Response> | Response): Promise<EchoedCall & { text: string }> {
  const echo = (await (await response).json()) as EchoedCall;
  return { ...echo, text: Buffer.from(echo.body, "base64").toString() };
}
