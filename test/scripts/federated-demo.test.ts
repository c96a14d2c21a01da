import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { LocalIdentityApp } from "@mtls-pop/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { federated } from "../../scripts/demo/federated-story.js";
import type { DemoOptions } from "../../scripts/demo/run-demo.js";
import type { Cloud } from "../../scripts/demo/stage.js";
import { buildSample, carelessVault, playFlow } from "./demo-under-test.js";

let appRoot: string;

beforeAll(async () => {
  appRoot = await buildSample();
});
afterAll(() => rm(appRoot, { recursive: true }));

const play = (options: DemoOptions<LocalIdentityApp> = {}) => playFlow(federated, { appRoot, ...options });

/** The token host of leg 2. */
const REGIONAL = "westus3.mtlsauth.emulator.localhost";

/** Arranges something in the federated flow's cloud and lets everybody play as usual. */
const arranged = (change: (cloud: Cloud<LocalIdentityApp>) => unknown): DemoOptions<LocalIdentityApp> => ({
  arrange: (cloud) => {
    change(cloud);
    return undefined;
  },
});

describe("demo --flow federated", () => {
  it("tells both legs, their one certificate from IMDS, the secret and the refused thief, and ends with 0", async () => {
    const { exitCode, text } = await play();
    expect(exitCode, text).toBe(0);
    const told = [
      /application registered to trust the machine's managed identity/,
      /leg 1: certificate issued by IMDS to the managed identity\n {4}asked .*\n {4}subject +CN=.+, DC=.+\n {4}issuer +CN=Emulator Managed Identity, /,
      /leg 1: token acquired\n {4}type +mtls_pop\n {4}for +api:\/\/AzureADTokenExchange\n {4}bound to +[0-9A-F]{40}, /,
      /leg 2: token acquired\n {4}type +mtls_pop\n {4}given to .*\n {4}certificate +CN=.+, issued by CN=Emulator Managed Identity\n {4}bound to +[0-9A-F]{40}, leg 1's certificate\n {4}endpoint +https:\/\/westus3\.mtlsauth\./,
      /secret returned \(\d+ ms\)\n {4}value +"A bound token has read this\."\n/,
      /both tokens taken from the cache \(\d+ ms\)\n {4}source +Cache; still one certificate from IMDS/,
      /replayed with another certificate: refused \(\d+ ms\)\n {4}the vault +401 MtlsCnfClaimRequestDataValidationFailed\n/,
      /replayed with no certificate: refused \(\d+ ms\)\n {4}the vault +401 MissingClientCertificate\n/,
      /the same token from the app, which has the key: taken/,
    ];
    const places = told.map((statement) => text.search(statement));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    const thumbprints = Array.from(text.matchAll(/\b[0-9A-F]{40}\b/g), ([thumbprint]) => thumbprint);
    expect([thumbprints.length, new Set(thumbprints).size]).toEqual([3, 1]);
    expect(text).not.toMatch(/eyJ[\w-]{20}/);
  });

  it.each<[string, string, DemoOptions<LocalIdentityApp>]>([
    [
      "leg 1 gets a Bearer token",
      "token_type_mismatch",
      arranged(({ emulator }) => emulator.faults.add({ on: "token", kind: "downgrade", host: "mtlsauth.emulator.localhost", times: 10 })),
    ],
    [
      "leg 2 gets a Bearer token",
      "token_type_mismatch",
      arranged(({ emulator }) => emulator.faults.add({ on: "token", kind: "downgrade", host: REGIONAL, times: 10 })),
    ],
    [
      "leg 2's token is bound to another certificate",
      "confirmation_mismatch",
      arranged(({ emulator }) => emulator.faults.add({ on: "token", kind: "wrong-confirmation", host: REGIONAL, times: 10 })),
    ],
    [
      "IMDS certifies another key",
      "invalid_managed_identity_response",
      arranged(({ emulator }) => emulator.faults.add({ on: "instance-metadata", kind: "wrong-key", times: 10 })),
    ],
    [
      "IMDS wants an attestation",
      "attestation_required",
      arranged(({ emulator }) => {
        emulator.managedIdentities.attestation = "required";
      }),
    ],
    [
      "the machine does not have the identity",
      "managed_identity_error",
      arranged(({ emulator, app }) => emulator.managedIdentities.remove(app.identity.clientId)),
    ],
    [
      "the application trusts another identity",
      "invalid_client",
      arranged(({ emulator, app }) =>
        emulator.applications.register({ clientId: String(app.environment.AZURE_CLIENT_ID), federatedSubjects: ["another"] }),
      ),
    ],
  ])("ends with 1 and the app's own error when %s", async (_when, code, options) => {
    const { exitCode, text } = await play(options);
    expect(exitCode).toBe(1);
    expect(text).toMatch(new RegExp(`Not true: the app answers GET /api/health\\. It said 50[03] .*"code":"${code}"`));
    expect(text).not.toContain("token acquired");
  });

  it("ends with 1 when a leg needed two requests", async () => {
    const { exitCode, text } = await play(arranged(({ emulator }) => emulator.faults.add({ on: "token", kind: "reset", host: REGIONAL })));
    expect(exitCode).toBe(1);
    expect(text).toContain("Not true: each leg asked for one token, shared by warm-up and first call.");
  });

  it("ends with 1 when tokens are too short-lived for a cache", async () => {
    const { exitCode, text } = await play(
      arranged(({ emulator }) => {
        // shorter than what is kept back before a token's end
        emulator.tokens.expiresInSeconds = 60;
      }),
    );
    expect(exitCode).toBe(1);
    expect(text).toContain("Not true: each leg asked for one token, shared by warm-up and first call.");
  });

  it("ends with 1 when the vault hands the secret to the thief", async () => {
    const { url, ca } = await carelessVault();
    const { exitCode, text } = await play({ arrange: ({ emulator: { lookup } }) => ({ robbedVault: { url, ca, lookup } }) });
    expect(exitCode).toBe(1);
    expect(text).toContain("Not true: the vault refuses the token with another certificate. Expected");
  });

  it("ends with 130 and removes its files when it is stopped half-way", async () => {
    const stopping = new AbortController();
    const files: string[] = [];
    const { exitCode } = await play({
      stop: stopping.signal,
      ...arranged(({ app }) => {
        files.push(app.environment.MTLS_POP_EMULATOR_CA);
        stopping.abort();
      }),
    });
    expect([exitCode, files.map((file) => existsSync(file))]).toEqual([130, [false]]);
  });
});
