import type { Emulator, FunctionsHost, LocalApp, LocalIdentityApp } from "@mtls-pop/emulator";
import type { Narrator } from "./narrator.js";
import type { Cloud } from "./stage.js";
import type { VaultAddress } from "./thief.js";

/** An app that the emulator knows, by whichever credential. */
export type DemoApp = LocalApp | LocalIdentityApp;

/** Who plays. */
export interface Cast<App extends DemoApp> {
  readonly emulator: Emulator;
  readonly app: App;
  readonly host: FunctionsHost;
  /** The vault that the thief goes to. @default the app's */
  readonly robbedVault?: VaultAddress;
}

/** What the demo can play. */
export interface Flow<App extends DemoApp> {
  startCloud(): Promise<Cloud<App>>;
  /** What has been started, for the first line, with what is worth knowing of it. */
  introduce(cloud: Cloud<App>): { readonly line: string; readonly facts: Readonly<Record<string, string>> };
  /** How many token requests bring the first token. */
  readonly tokenRequests: number;
  /**
   * Tells how the app comes to its secret and the thief does not. Every statement is held against what the app says of itself, what
   * the emulator saw on the wire and what stands in the token.
   *
   * @throws {UntrueStatement} at the first that does not hold
   */
  tellStory(cast: Cast<App>, narrator: Narrator): Promise<void>;
}
