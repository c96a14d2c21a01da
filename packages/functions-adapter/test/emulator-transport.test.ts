import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmulator } from "@mtls-pop/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emulatorTransport } from "../src/emulator-transport.js";

let folder: string;
let path: string;
let root: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "emulator-ca-"));
  path = join(folder, "root.pem");
  await using emulator = await startEmulator();
  root = emulator.ca;
  await writeFile(path, root);
});

afterAll(() => rm(folder, { recursive: true }));

const addresses = (hostname: string, all: boolean): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const lookup = emulatorTransport({ MTLS_POP_EMULATOR_CA: path })?.lookup;
    lookup?.(hostname, { all }, (error, address) => (error ? reject(error) : resolve(address)));
  });

describe("MTLS_POP_EMULATOR_CA", () => {
  it("changes nothing while it is not set", () => {
    expect(emulatorTransport({})).toBeUndefined();
    expect(emulatorTransport({ MTLS_POP_EMULATOR_CA: "" })).toBeUndefined();
  });

  it("is trusted for the emulator's names alone", () => {
    expect(emulatorTransport({ MTLS_POP_EMULATOR_CA: path })).toMatchObject({
      ca: root,
      caHosts: ["*.emulator.localhost"],
    });
  });

  it("puts the emulator's names on loopback", async () => {
    expect(await addresses("contoso.vault.emulator.localhost", false)).toBe("127.0.0.1");
    expect(await addresses("LOGIN.EMULATOR.LOCALHOST", true)).toEqual([{ address: "127.0.0.1", family: 4 }]);
  });

  it("leaves every other name to DNS", async () => {
    expect(await addresses("127.0.0.2", false)).toBe("127.0.0.2");
    expect(await addresses("127.0.0.2", true)).toEqual([{ address: "127.0.0.2", family: 4 }]);
  });

  it("refuses a file that cannot be read, by the name of the setting", () => {
    expect(() => emulatorTransport({ MTLS_POP_EMULATOR_CA: join(folder, "none.pem") })).toThrow(
      expect.objectContaining({ code: "settings_invalid", message: expect.stringContaining("MTLS_POP_EMULATOR_CA") }),
    );
  });

  it.each(["no certificate", "-----BEGIN CERTIFICATE-----", ""])(
    "refuses a file that holds %j, by the name of the setting",
    async (content) => {
      const other = join(folder, "other.txt");
      await writeFile(other, content);
      expect(() => emulatorTransport({ MTLS_POP_EMULATOR_CA: other })).toThrow(
        expect.objectContaining({ code: "settings_invalid", message: expect.stringContaining("which is no PEM certificate") }),
      );
    },
  );
});
