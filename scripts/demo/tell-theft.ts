import type { RecordedRequest } from "@mtls-pop/emulator";
import type { Cast, DemoApp } from "./flow.js";
import type { Narrator } from "./narrator.js";
import { assertTrue } from "./statement.js";
import { replay, type ShownCertificate, type VaultAnswer } from "./thief.js";
import { lastReceived, tokenOf } from "./wire.js";

/** What was stolen, and how to send it once more. */
export interface Theft {
  readonly stolen: RecordedRequest;
  replay(shown?: ShownCertificate): Promise<VaultAnswer>;
}

/** Tells how the vault refuses the app's last token to whoever has not the key of its certificate. */
export async function tellTheft<App extends DemoApp>({ emulator, robbedVault }: Cast<App>, narrator: Narrator): Promise<Theft> {
  narrator.heading("A thief has the token, but not the key");
  const vault = robbedVault ?? { url: emulator.keyVault.url, ca: emulator.ca, lookup: emulator.lookup };
  const stolen = lastReceived(emulator.requests, "key-vault");
  const { token } = tokenOf(stolen);
  const attempt = (shown?: ShownCertificate) => replay(vault, `${stolen.path}?api-version=7.4`, token, shown);
  const refused = (how: string, words: string, shown?: ShownCertificate) =>
    narrator.step(`replaying the token ${how}`, async () => {
      const answer = await attempt(shown);
      assertTrue(`the vault refuses the token ${how}`, answer, { status: 401, words });
      return { line: `replayed ${how}: refused`, facts: { "the vault": `${answer.status} ${answer.words}` }, value: undefined };
    });

  // trusted by the vault, as any other customer's
  const another = await emulator.issueCertificate({ subject: "CN=thief", keyType: "EC-P256" });
  await refused("with another certificate", "MtlsCnfClaimRequestDataValidationFailed", another);
  await refused("with no certificate", "MissingClientCertificate");
  return { stolen, replay: attempt };
}
