import { access, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/run-cli.js";
import { askHttp } from "../http-client.js";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** A command that runs: what it has written by the time it was ready, and how to end it. */
async function start(...args: string[]) {
  const stopping = new AbortController();
  let error = "";
  let exitCode: Promise<number> | undefined;
  const out = await new Promise<string>((resolve) => {
    exitCode = runCli(args, {
      out: resolve,
      error: (text) => {
        error += text;
      },
      stop: stopping.signal,
    });
    void exitCode.then(() => resolve(""));
  });
  const stop = async () => {
    stopping.abort();
    return exitCode;
  };
  cleanUps.push(stop);
  return { out, error, stop };
}

/** A command that ends by itself. */
async function run(...args: string[]) {
  const written = { out: "", error: "" };
  const exitCode = await runCli(args, {
    out: (text) => {
      written.out += text;
    },
    error: (text) => {
      written.error += text;
    },
    stop: AbortSignal.abort(),
  });
  return { exitCode, ...written };
}

function readDotenv(text: string): Record<string, string> {
  return Object.fromEntries(Array.from(text.matchAll(/^(\w+)=(.*)$/gm), ([, name, value]) => [name, value]));
}

/** The line that names the admin endpoint; another address stands before it. */
function adminLine(text: string): string {
  return /^# Admin endpoint: .*$/m.exec(text)?.[0] ?? "";
}

async function secretNames(text: string): Promise<unknown> {
  const [adminUrl = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(text) ?? [];
  return (await askHttp(adminUrl, "/secrets")).body;
}

describe("mtls-pop-emulator", () => {
  it("prints an environment and the admin endpoint, runs until it is stopped, then leaves nothing", async () => {
    const { out, error, stop } = await start();
    const environment = readDotenv(out);
    expect(Object.keys(environment)).toEqual([
      "AZURE_TENANT_ID",
      "AZURE_CLIENT_ID",
      "AZURE_CLIENT_CERTIFICATE_PATH",
      "AZURE_AUTHORITY_HOST",
      "MTLS_POP_KNOWN_AUTHORITIES",
      "MTLS_POP_EMULATOR_CA",
      "KEY_VAULT_URL",
    ]);
    expect(await secretNames(out)).toEqual(["my-secret"]);
    expect(await secretNames(error)).toEqual(["my-secret"]);
    expect(await stop()).toBe(0);
    await expect(secretNames(out)).rejects.toThrow("ECONNREFUSED");
    await expect(access(String(environment["MTLS_POP_EMULATOR_CA"]))).rejects.toThrow("ENOENT");
  });

  it("says to whom it does not write into a file that it runs until Ctrl-C, and where the admin endpoint is", async () => {
    for (const format of ["dotenv", "json"]) {
      const { error } = await start("--format", format);
      expect(error).toMatch(/^The emulator runs until Ctrl-C\. Its admin endpoint is http:\/\/127\.0\.0\.1:\d+\n$/);
    }
  });

  it("prints JSON for local.settings.json", async () => {
    const { out, error } = await start("--format", "json", "--secret", "a=1=2", "--secret", "b=");
    const values: unknown = JSON.parse(out);
    expect(values).toMatchObject({ AZURE_CLIENT_ID: expect.any(String), KEY_VAULT_URL: expect.stringContaining("https://") });
    expect(await secretNames(error)).toEqual(["a", "b"]);
  });

  it.each([
    [
      "managed-identity",
      ["MTLS_POP_CREDENTIAL", "AZURE_POD_IDENTITY_AUTHORITY_HOST", "MTLS_POP_KNOWN_AUTHORITIES", "MTLS_POP_EMULATOR_CA", "KEY_VAULT_URL"],
    ],
    [
      "federated",
      [
        "MTLS_POP_CREDENTIAL",
        "AZURE_POD_IDENTITY_AUTHORITY_HOST",
        "MTLS_POP_KNOWN_AUTHORITIES",
        "MTLS_POP_EMULATOR_CA",
        "KEY_VAULT_URL",
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_ID",
        "AZURE_AUTHORITY_HOST",
      ],
    ],
  ])("prints what an app with the credential %s needs", async (credential, names) => {
    const { out } = await start("--credential", credential, "--secret", "a=1");
    const environment = readDotenv(out);
    expect(Object.keys(environment)).toEqual(names);
    expect(environment["MTLS_POP_CREDENTIAL"]).toBe(credential);
    expect(await secretNames(adminLine(out))).toEqual(["a"]);
  });

  it("writes its files where it is told, and quotes the path where that needs it", async () => {
    const directory = await mkdtemp(join(tmpdir(), "a folder-"));
    cleanUps.push(() => rm(directory, { recursive: true }));
    const { out, stop } = await start("--directory", directory);
    expect(out).toContain(`MTLS_POP_EMULATOR_CA='${join(directory, "mtls-pop-emulator-ca.pem")}'\n`);
    expect(await readdir(directory)).toHaveLength(2);
    await stop();
    expect(await readdir(directory)).toEqual([]);
  });

  it("leaves nothing when it is stopped while it starts", async () => {
    expect(await run()).toEqual({ exitCode: 0, out: "", error: "" });
  });

  it.each(["--help", "-h"])("explains itself with %s", async (option) => {
    const { exitCode, out } = await run(option);
    expect(exitCode).toBe(0);
    for (const known of ["--credential", "--directory", "--secret", "--format", "--help", "--version"]) expect(out).toContain(known);
  });

  it("tells its version", async () => {
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await run("--version")).toEqual({ exitCode: 0, out: `${version}\n`, error: "" });
  });

  it.each([
    [["--foo"], "Unknown option '--foo'. Known: --credential, --directory, --secret, --format, --help, --version."],
    [["start"], "Unexpected argument 'start'. Known: --credential, --directory"],
    [["--format", "yaml"], '--format takes dotenv or json, not "yaml".'],
    [["--credential", "secret"], '--credential takes certificate, managed-identity or federated, not "secret".'],
    [["--format"], "argument missing. Known: --credential, --directory"],
    [["--directory="], "--directory takes a folder."],
    [["--secret", "a"], '--secret takes name=value, not "a".'],
    [["--secret", "a_b=c"], '--secret takes a name of letters, digits and dashes, not "a_b".'],
    [["--help=1"], "does not take an argument. Known: --credential, --directory"],
  ])("refuses %j with 2 and says what is known", async (args, message) => {
    const { exitCode, out, error } = await run(...args);
    expect([exitCode, out]).toEqual([2, ""]);
    expect(error).toContain(message);
  });

  it("ends with 1 when it cannot start", async () => {
    const { exitCode, error } = await run("--directory", join(import.meta.filename, "no-folder"));
    expect(exitCode).toBe(1);
    expect(error).toMatch(/^mtls-pop-emulator: ENOTDIR/);
  });
});
