import { MtlsPopError } from "../errors.js";

/** The refusal of a managed identity as leg 2, by whichever of its marks it was known. @see PROTOCOL.md section 6 */
export function cannotExchange(): MtlsPopError {
  return new MtlsPopError(
    "managed_identity_cannot_exchange",
    "A managed identity cannot be leg 2 of a federated exchange: it takes no assertion.",
    {
      help: "Use a ConfidentialClientApplication or FicLeg2Exchanger for leg 2; the managed identity can be leg 1: new FicLeg1Acquirer(managedIdentity).",
    },
  );
}
