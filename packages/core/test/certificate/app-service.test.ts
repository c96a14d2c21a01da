import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CertificateFromAppServiceOptions, certificateFromAppService } from "../../src/certificate/app-service.js";
import { certificateDirectory } from "../../src/certificate/app-service-directory.js";
import { thrown } from "../thrown.js";
import { authority, type IssuedCertificate } from "./authority.js";

const DAY_MS = 86_400_000;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mtls-pop-"));
});
afterEach(() => rm(folder, { recursive: true }));

type Wanted = Parameters<typeof authority.issueCertificate>[0];

/** Puts a certificate where the platform puts it: as a PFX without a password, named by its thumbprint. */
async function load(
  wanted: Wanted = {},
  { extension = ".p12", name }: { extension?: string; name?: string } = {},
): Promise<IssuedCertificate> {
  const issued = await authority.issueCertificate({ keyType: "EC-P256", ...wanted });
  const pem = join(folder, "in.pem");
  await writeFile(pem, `${issued.certificatePem}\n${issued.privateKeyPem}`);
  execFileSync("openssl", [
    "pkcs12",
    "-export",
    "-passout",
    "pass:",
    "-in",
    pem,
    "-out",
    join(folder, name ?? `${issued.thumbprint}${extension}`),
  ]);
  await unlink(pem);
  return issued;
}

/** A source on the folder, whose time a test moves by hand. */
function source(options: Partial<CertificateFromAppServiceOptions>, env: Record<string, string> = {}) {
  const time = { now: Date.now() };
  const said: string[] = [];
  const logger = { info: (text: string) => said.push(text), warn: (text: string) => said.push(text) };
  const all = { env: { WEBSITE_PRIVATE_CERTS_PATH: folder, ...env }, now: () => time.now, logger, ...options };
  const certificate = certificateFromAppService(all as CertificateFromAppServiceOptions);
  return { time, said, certificate };
}
const failure = (options: Partial<CertificateFromAppServiceOptions>, env: Record<string, string> = {}) =>
  Promise.resolve(source(options, env).certificate()).then(
    () => Promise.reject(new Error("It was expected to fail.")),
    (error: unknown) => error,
  );

describe("a certificate that App Service has loaded", () => {
  it.each([".p12", ".pfx"])("is found by its thumbprint in whatever form that is given, as %s", async (extension) => {
    await load();
    const { thumbprint } = await load({}, { extension });
    const spaced = thumbprint.toLowerCase().replace(/(..)/g, "$1 ");
    for (const given of [thumbprint, spaced, `\u200e${spaced}`, thumbprint.replace(/(..)(?=.)/g, "$1:")]) {
      expect(await source({ thumbprint: given }).certificate()).toMatchObject({ thumbprint });
    }
  });

  it("is found by its subject: the valid one that began last", async () => {
    const subject = "CN=Leg1Certificate";
    await load({ subject, notBefore: new Date(Date.now() - 3 * DAY_MS) });
    const { thumbprint } = await load({ subject, notBefore: new Date(Date.now() - DAY_MS) });
    await load({ subject, notBefore: new Date(Date.now() + DAY_MS) });
    await load({ subject, notAfter: new Date(Date.now() - 3_600_000) });
    await load({ subject: "CN=Leg1Certificate2" });
    for (const given of [subject, " cn = leg1certificate "]) {
      expect(await source({ subject: given }).certificate()).toMatchObject({ thumbprint });
    }
  });

  it("is replaced by the next one of its subject, behind a use", async () => {
    const subject = "CN=Leg1Certificate";
    await load({ subject, notBefore: new Date(Date.now() - 3 * DAY_MS) });
    const { time, said, certificate } = source({ subject });
    const first = await certificate();
    const next = await load({ subject, notBefore: new Date(Date.now() - DAY_MS) });
    expect(certificate()).toBe(first);
    time.now += 5000;
    expect(certificate()).toBe(first);
    await expect.poll(() => certificate()).toMatchObject({ thumbprint: next.thumbprint });
    expect(said).toEqual([expect.stringContaining(next.thumbprint)]);
  });

  it("stays the same object while nothing has changed, and when its file is gone as long as it is valid", async () => {
    const { thumbprint, notAfter } = await load();
    const { time, said, certificate } = source({ thumbprint });
    const first = await certificate();
    await unlink(join(folder, `${thumbprint}.p12`));
    time.now += 5000;
    expect(certificate()).toBe(first);
    await expect.poll(() => said).toEqual([expect.stringContaining(`${thumbprint} stays until`)]);
    expect(certificate()).toBe(first);
    time.now = notAfter.getTime() + 1000;
    await expect(certificate()).rejects.toMatchObject({ code: "certificate_not_found" });
  });

  it("that stays away is looked for less and less often, each time with a warning", async () => {
    const { thumbprint } = await load();
    const { time, said, certificate } = source({ thumbprint });
    await certificate();
    await unlink(join(folder, `${thumbprint}.p12`));
    for (const [index, seconds] of [5, 5, 10, 20, 40, 80, 160, 300, 300].entries()) {
      time.now += seconds * 1000 - 1;
      certificate();
      // a look would read the folder as well, and before
      for (let look = 0; look < 5; look++) await readdir(folder);
      expect(said).toHaveLength(index);
      time.now += 1;
      certificate();
      await expect.poll(() => said).toHaveLength(index + 1);
    }
  });

  it("that ends while it is loaded is refused as expired", async () => {
    const { thumbprint, notAfter } = await load();
    let [asked, last] = [0, Number.POSITIVE_INFINITY];
    const now = () => (++asked < last ? Date.now() : notAfter.getTime() + 1000);
    await source({ thumbprint, now }).certificate();
    // the same once more, and late when the clock is asked for the last time
    [asked, last] = [0, asked];
    expect(await failure({ thumbprint, now })).toMatchObject({ code: "certificate_expired" });
  });

  it.each([
    [{}, "Set WEBSITE_LOAD_CERTIFICATES to its thumbprint"],
    [{ WEBSITE_LOAD_CERTIFICATES: "AA" }, 'WEBSITE_LOAD_CERTIFICATES is "AA": name its thumbprint there'],
    [{ WEBSITE_LOAD_CERTIFICATES: "*" }, "WEBSITE_LOAD_CERTIFICATES asks for it, but it was not loaded"],
    [{ WEBSITE_LOAD_CERTIFICATES: `AA,${"ab".repeat(20)}` }, "asks for it, but it was not loaded"],
  ])("that is not there is refused with what %j means", async (env: Record<string, string>, help) => {
    const { thumbprint } = await load({ subject: "CN=another" });
    expect(await failure({ thumbprint: "AB".repeat(20) }, env)).toMatchObject({
      code: "certificate_not_found",
      help: expect.stringContaining(help),
    });
    expect(await failure({ subject: "CN=Leg1Certificate" }, env)).toMatchObject({
      code: "certificate_not_found",
      message: expect.stringContaining(`there is "CN=another" (${thumbprint})`),
    });
  });

  it("that cannot be used is refused with its own fault, and one beside it is passed over", async () => {
    const thumbprint = "AB".repeat(20);
    await writeFile(join(folder, `${thumbprint}.p12`), "no pfx");
    expect(await failure({ thumbprint })).toMatchObject({ code: "certificate_malformed" });
    expect(await failure({ subject: "CN=orders" })).toMatchObject({
      code: "certificate_not_found",
      cause: { errors: [expect.any(Error)] },
    });
    await load({ subject: "CN=orders" });
    expect(await source({ subject: "CN=orders" }).certificate()).toMatchObject({ subject: "CN=orders" });
  });

  it("whose file has the name of another is not taken for it", async () => {
    const thumbprint = "AB".repeat(20);
    await load({}, { name: `${thumbprint}.p12` });
    expect(await failure({ thumbprint })).toMatchObject({ code: "certificate_not_found" });
  });

  it("is looked for in a folder of the caller's, and told when there is none", async () => {
    expect(await failure({ subject: "CN=orders", directory: join(folder, "none") })).toMatchObject({
      code: "certificate_not_found",
      message: expect.stringContaining("which cannot be read"),
    });
  });
});

describe("certificateFromAppService", () => {
  it.each([
    [{}, "either `thumbprint` or `subject`"],
    [{ thumbprint: "AB".repeat(20), subject: "CN=orders" }, "either `thumbprint` or `subject`"],
    [{ thumbprint: "AB" }, "`thumbprint`"],
    [{ subject: "orders" }, "`subject`"],
    [{ subjekt: "CN=orders" }, "did you mean `subject`"],
  ])("refuses %j", (options, words) => {
    const error = thrown(() => certificateFromAppService(options as never));
    expect([error.code, error.message]).toEqual(["invalid_options", expect.stringContaining(words)]);
  });

  it("tells a plan that loads no certificates of the way by Key Vault", () => {
    const error = thrown(() => source({ subject: "CN=orders" }, { WEBSITE_SKU: "FlexConsumption" }));
    expect([error.code, error.message]).toEqual([
      "certificate_source_unsupported",
      expect.stringMatching(/Flex Consumption plan.*certificateFromKeyVault.*MTLS_POP_CERTIFICATE_VAULT_URL/),
    ]);
  });
});

describe("the folder of App Service's certificates", () => {
  it.each([
    [{}, "linux", "/var/ssl/private"],
    [{ WEBSITE_SKU: "ElasticPremium" }, "linux", "/var/ssl/private"],
    [{ WEBSITE_PRIVATE_CERTS_PATH: "C:\\appservice\\certificates\\private" }, "win32", "C:\\appservice\\certificates\\private"],
  ] as const)("with %j on %s is %s", (env, platform, path) => {
    expect(certificateDirectory(env, platform)).toBe(path);
  });

  it.each([
    [{ WEBSITE_SKU: "FlexConsumption", WEBSITE_PRIVATE_CERTS_PATH: "/x" }, "linux", "the Flex Consumption plan"],
    [{ WEBSITE_SKU: "Dynamic" }, "linux", "the Consumption plan on Linux"],
    [{ WEBSITE_SKU: "Dynamic" }, "win32", "into the store of Windows"],
    [{}, "win32", "into the store of Windows"],
    [{}, "darwin", "This is not App Service"],
  ] as const)("with %j on %s is none, and it is said why", (env, platform, words) => {
    const error = thrown(() => certificateDirectory(env, platform));
    expect([error.code, error.message]).toEqual(["certificate_source_unsupported", expect.stringContaining(words)]);
    expect(error.help).toContain("@mtls-pop/core/key-vault");
  });
});
