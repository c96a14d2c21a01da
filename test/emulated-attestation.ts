import { request } from "node:https";
import { text } from "node:stream/consumers";
import type { AttestationProvider } from "@mtls-pop/core";
import type { Emulator } from "@mtls-pop/emulator";

/** An `attestation` that asks the emulated attestation service, whatever region the machine says it is in. */
export function emulatedAttestation({ ca, lookup }: Emulator): AttestationProvider {
  return async ({ imdsAttestationEndpoint, clientId, publicKey }) => {
    const answer = await new Promise<string>((resolve, reject) => {
      const options = { method: "POST", ca, lookup, headers: { "content-type": "application/json" } };
      request(new URL("/attest/keyguard", imdsAttestationEndpoint), options, (response) => text(response).then(resolve, reject))
        .on("error", reject)
        .end(JSON.stringify({ publicKey: publicKey.export({ format: "jwk" }), clientId }));
    });
    return JSON.parse(answer).token;
  };
}
