import { randomUUID } from "node:crypto";
import type { EmulatorOptions } from "@mtls-pop/emulator";
import { ConfidentialClientApplication } from "../../src/application/confidential-client-application.js";
import type { ConfidentialClientOptions } from "../../src/application/confidential-client-options.js";
import { ManagedIdentityApplication } from "../../src/application/managed-identity-application.js";
import type { ManagedIdentityOptions } from "../../src/application/managed-identity-options.js";
import type { BoundTokenApplication } from "../../src/application/mtls-pop-token-acquirer.js";
import { FicAssertionProvider } from "../../src/federated/fic-assertion-provider.js";
import { FicLeg1Acquirer } from "../../src/federated/fic-leg1-acquirer.js";
import { FicLeg2Exchanger, type FicLeg2ExchangerOptions } from "../../src/federated/fic-leg2-exchanger.js";
import { newMemoryKey } from "../../src/managed-identity/memory-key.js";
import { emulated } from "../emulated.js";

export const EXCHANGE_SCOPE = "api://AzureADTokenExchange/.default";

/** For tests that are not about keys: making one takes long. */
const sharedKey = await newMemoryKey();

/** An application with a certificate and a machine with an identity, either of which may be leg 1, and an application that is leg 2. */
export async function twoLegs(options: EmulatorOptions = {}) {
  const entra = await emulated(options);
  const { emulator, transport, host } = entra;
  const clientId = randomUUID();
  const leg1Application = emulator.applications.get(entra.clientId);
  const subjects = [leg1Application?.objectId ?? "", emulator.managedIdentities.systemAssigned.objectId];
  emulator.applications.register({ clientId, federatedSubjects: subjects });
  const leg2Options = { clientId, authority: emulator.authority, knownAuthorities: [host], transport };

  return {
    ...entra,
    leg2ClientId: clientId,
    leg2Options,
    /** Leg 1 by confidential client. */
    confidentialClient: (over: Partial<ConfidentialClientOptions> = {}) => entra.application(over),
    /** Leg 1 by managed identity. */
    managedIdentity: (over: ManagedIdentityOptions = {}) =>
      new ManagedIdentityApplication({
        env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: emulator.instanceMetadata.url },
        knownAuthorities: [host],
        transport,
        bindingKey: () => sharedKey,
        ...over,
      }),
    /** Leg 2 on top of a leg 1. */
    exchanger: (leg1: BoundTokenApplication, over: Partial<FicLeg2ExchangerOptions> = {}) =>
      new FicLeg2Exchanger({ ...leg2Options, assertions: new FicAssertionProvider(new FicLeg1Acquirer(leg1)), ...over }),
    /** Leg 2's application, in the plain form. */
    leg2Application: (clientAssertion: NonNullable<ConfidentialClientOptions["clientAssertion"]>) =>
      new ConfidentialClientApplication({ ...leg2Options, clientAssertion }),
    /** Token requests of leg 1 and of leg 2. */
    leg1Requests: () => entra.tokenRequests().filter(({ form }) => form?.["client_id"] !== clientId),
    leg2Requests: () => entra.tokenRequests().filter(({ form }) => form?.["client_id"] === clientId),
  };
}
