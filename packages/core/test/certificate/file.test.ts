import { mkdir, mkdtemp, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { type CertificateFromFileOptions, certificateFromFile } from "../../src/certificate/file.js";
import { fixture, type IssuedCertificate, issue, PASSPHRASE, refusal } from "./authority.js";

let first: IssuedCertificate;
let second: IssuedCertificate;
let folder: string;

beforeAll(async () => {
  [first, second] = await Promise.all([issue({ subject: "CN=first" }), issue({ subject: "CN=second" })]);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mtls-pop-"));
});
afterEach(() => rm(folder, { recursive: true }));

const pemOf = ({ chainPem, privateKeyPem }: IssuedCertificate) => chainPem + privateKeyPem;

/** A clock that stands still until it is moved, and a logger whose next message can be waited for. */
function testBench() {
  let time = Date.now();
  const messages: string[] = [];
  let heard: () => void = () => {};
  const hear = (level: string) => (message: string) => {
    messages.push(`${level}: ${message}`);
    heard();
  };
  return {
    messages,
    options: { now: () => time, logger: { info: hear("info"), warn: hear("warn") } },
    advance: (seconds: number) => {
      time += seconds * 1000;
    },
    nextMessage: () =>
      new Promise<void>((resolve) => {
        heard = resolve;
      }),
  };
}

/** Calls the source until the check behind it has come to an end, which a call that waits for nothing cannot tell. */
async function settled(source: () => unknown, done: () => boolean, before: () => void = () => {}): Promise<void> {
  while (!done()) {
    before();
    await source();
    await new Promise(setImmediate);
  }
}

describe("a certificate in a file", () => {
  it("is PEM, PEM with its key in another file, PFX, or PFX in base64, by its content", async () => {
    const cases: [string | Buffer, CertificateFromFileOptions, string][] = [
      [pemOf(first), {}, "CN=first"],
      [first.certificatePem, { keyPath: join(folder, "key") }, "CN=first"],
      [fixture("aes256-p256.pfx"), { passphrase: PASSPHRASE }, "CN=fixture-p256"],
      [fixture("aes256-p256.pfx").toString("base64"), { passphrase: PASSPHRASE }, "CN=fixture-p256"],
    ];
    await writeFile(join(folder, "key"), first.privateKeyPem);
    for (const [content, options, subject] of cases) {
      await writeFile(join(folder, "certificate"), content);
      expect((await certificateFromFile(join(folder, "certificate"), options)()).subject).toBe(subject);
    }
  });

  it("is read once for all who ask at first, and is there without waiting from then on", async () => {
    const path = join(folder, "certificate.pem");
    await writeFile(path, pemOf(first));
    const source = certificateFromFile(path);
    const [one, two] = await Promise.all([source(), source()]);
    expect(one).toBe(two);
    expect(source()).toBe(one);
  });

  it("is not asked about again before the interval has passed", async () => {
    const path = join(folder, "certificate.pem");
    const { options, advance, messages, nextMessage } = testBench();
    await writeFile(path, pemOf(first));
    const source = certificateFromFile(path, { ...options, checkEverySeconds: 60 });
    const one = await source();
    await writeFile(path, pemOf(second));
    advance(59);
    expect(source()).toBe(one);
    advance(1);
    const changed = nextMessage();
    expect(source()).toBe(one);
    await changed;
    expect(source()).toMatchObject({ thumbprint: second.thumbprint });
    expect(messages).toEqual([`info: The certificate file "${path}" changed: now "CN=second" (${second.thumbprint}).`]);
  });

  it("is loaded again when the link to it is swapped, as Kubernetes does it", async () => {
    const { options, advance, nextMessage } = testBench();
    for (const [name, issued] of Object.entries({ v1: first, v2: second })) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "tls.crt"), issued.chainPem);
      await writeFile(join(folder, name, "tls.key"), issued.privateKeyPem);
    }
    await symlink("v1", join(folder, "..data"));
    await symlink("..data/tls.crt", join(folder, "tls.crt"));
    await symlink("..data/tls.key", join(folder, "tls.key"));
    const source = certificateFromFile(join(folder, "tls.crt"), { ...options, keyPath: join(folder, "tls.key") });
    expect((await source()).thumbprint).toBe(first.thumbprint);
    await symlink("v2", join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    advance(5);
    const changed = nextMessage();
    source();
    await changed;
    expect(source()).toMatchObject({ thumbprint: second.thumbprint });
  });

  it("stays the same object when the file was only touched", async () => {
    const path = join(folder, "certificate.pem");
    const { options, advance, messages } = testBench();
    let judged: (() => void) | undefined;
    const now = () => {
      judged?.();
      return options.now();
    };
    await writeFile(path, pemOf(first));
    const source = certificateFromFile(path, { ...options, now });
    const one = await source();
    await utimes(path, 1, 1);
    advance(5);
    expect(source()).toBe(one);
    // from here on only the touched file's certificate, once it is read, has the time told
    await new Promise<void>((resolve) => {
      judged = resolve;
    });
    await new Promise(setImmediate);
    expect(source()).toBe(one);
    expect(messages).toEqual([]);
  });

  it("stays in use while the new file is half written, and the new one follows when it is whole", async () => {
    const path = join(folder, "certificate.pem");
    const { options, advance, messages, nextMessage } = testBench();
    await writeFile(path, pemOf(first));
    const source = certificateFromFile(path, options);
    const one = await source();
    await writeFile(path, pemOf(second).slice(0, 300));
    advance(5);
    const warned = nextMessage();
    source();
    await warned;
    expect(source()).toBe(one);
    expect(messages[0]).toMatch(/^warn: The certificate file ".*" could not be read anew; .* stays until .*has no END line/);
    await writeFile(path, pemOf(second));
    advance(5);
    const changed = nextMessage();
    source();
    await changed;
    expect(source()).toMatchObject({ thumbprint: second.thumbprint });
    expect(messages).toHaveLength(2);
  });

  it("stays in use while its key has not followed, which is told once", async () => {
    const [path, keyPath] = [join(folder, "tls.crt"), join(folder, "tls.key")];
    const { options, advance, messages, nextMessage } = testBench();
    await writeFile(path, first.chainPem);
    await writeFile(keyPath, first.privateKeyPem);
    const source = certificateFromFile(path, { ...options, keyPath });
    await source();
    await writeFile(path, second.chainPem);
    advance(5);
    const warned = nextMessage();
    source();
    await warned;
    expect(messages[0]).toContain("does not belong to the certificate");
    await writeFile(keyPath, second.privateKeyPem);
    await settled(
      source,
      () => messages.some((message) => message.startsWith("info")),
      () => advance(5),
    );
    expect(messages).toHaveLength(2);
    expect(source()).toMatchObject({ thumbprint: second.thumbprint });
  });

  it("stays in use when the file is gone, until it expires; then the file's fault is told; that it is gone is logged once", async () => {
    const path = join(folder, "certificate.pem");
    const { options, advance, messages, nextMessage } = testBench();
    const short = await issue({ notAfter: new Date(Date.now() + 60_000) });
    await writeFile(path, pemOf(short));
    const source = certificateFromFile(path, options);
    const one = await source();
    await rm(path);
    advance(5);
    const warned = nextMessage();
    source();
    await warned;
    expect(source()).toBe(one);
    advance(61);
    expect((await refusal(async () => source())).code).toBe("certificate_unreadable");
    expect((await refusal(async () => source())).code).toBe("certificate_unreadable");
    expect(messages).toHaveLength(1);
    await writeFile(path, pemOf(first));
    advance(5);
    expect((await source()).thumbprint).toBe(first.thumbprint);
  });

  it("is refused when it has expired and the file is still the same", async () => {
    const path = join(folder, "certificate.pem");
    const { options, advance } = testBench();
    await writeFile(path, pemOf(await issue({ notAfter: new Date(Date.now() + 60_000) })));
    const source = certificateFromFile(path, options);
    await source();
    advance(120);
    expect((await refusal(async () => source())).code).toBe("certificate_expired");
    advance(1);
    expect((await refusal(async () => source())).code).toBe("certificate_expired");
  });

  it("is taken up when its time has come, if it was laid down before", async () => {
    const path = join(folder, "certificate.pem");
    const { options, advance, messages, nextMessage } = testBench();
    await writeFile(path, pemOf(first));
    const source = certificateFromFile(path, options);
    await source();
    const future = await issue({ subject: "CN=future", notBefore: new Date(Date.now() + 3_600_000) });
    await writeFile(path, pemOf(future));
    advance(5);
    const warned = nextMessage();
    source();
    await warned;
    expect(messages[0]).toContain("is valid from");
    advance(3600);
    // the check that warned may not have ended yet, and a use joins it then
    await settled(source, () => messages.length > 1);
    expect(source()).toMatchObject({ thumbprint: future.thumbprint });
  });
});

describe("a certificate file that is refused", () => {
  it("is missing, or no file, or too large, and is named", async () => {
    const large = join(folder, "large");
    await writeFile(large, "");
    await truncate(large, 2 * 1024 * 1024);
    const cases: [string, string][] = [
      [join(folder, "missing.pem"), "ENOENT"],
      [folder, "not a regular file"],
      [large, "2097152 octets"],
    ];
    for (const [path, words] of cases) {
      const error = await refusal(async () => certificateFromFile(path)());
      expect(error.code).toBe("certificate_unreadable");
      expect(error.message).toContain(`"${path}"`);
      expect(error.message).toContain(words);
    }
  });

  it("CFG-07 is empty or malformed, and is named before its fault, with the way out once", async () => {
    const path = join(folder, "certificate.pem");
    for (const [content, code] of [
      ["", "certificate_empty"],
      ["nothing of use", "certificate_malformed"],
    ]) {
      await writeFile(path, content ?? "");
      const error = await refusal(async () => certificateFromFile(path)());
      expect(error.code).toBe(code);
      expect(error.message.startsWith(`The certificate file "${path}": `)).toBe(true);
      expect(error.message.split(error.help ?? "?")).toHaveLength(2);
    }
  });

  it("is not remembered: the next call finds what was put right", async () => {
    const path = join(folder, "certificate.pem");
    const source = certificateFromFile(path);
    await refusal(async () => source());
    await writeFile(path, pemOf(first));
    expect(await source()).toBeInstanceOf(BindingCertificate);
  });

  it("is a PFX with a key file beside it", async () => {
    const path = join(folder, "app.pfx");
    await writeFile(path, fixture("aes256-p256.pfx"));
    const error = await refusal(async () => certificateFromFile(path, { keyPath: path, passphrase: PASSPHRASE })());
    expect(error.code).toBe("invalid_options");
    expect(error.message).toContain("Leave `keyPath` out.");
  });

  it("is asked for with options that are wrong, at once", async () => {
    expect((await refusal(() => certificateFromFile(""))).code).toBe("invalid_options");
    expect((await refusal(() => certificateFromFile("a", { checkEverySeconds: 0 }))).code).toBe("invalid_options");
    // @ts-expect-error the types refuse it as well
    expect((await refusal(() => certificateFromFile("a", { password: "x" }))).code).toBe("invalid_options");
  });
});
