import { createPrivateKey } from "node:crypto";
import { inspect } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { BindingCertificate } from "../../src/certificate/binding-certificate.js";
import { certificateFromEnvironment } from "../../src/certificate/environment.js";
import { certificateFromFile } from "../../src/certificate/file.js";
import { type IssuedCertificate, issue, refusal } from "./authority.js";

let issued: IssuedCertificate;
let certificate: BindingCertificate;
beforeAll(async () => {
  issued = await issue();
  certificate = await BindingCertificate.fromPem(issued.chainPem, { key: issued.privateKeyPem });
});

const throwing = {
  get key(): never {
    throw new TypeError("not now");
  },
};
const ODD: readonly unknown[] = [
  undefined,
  null,
  7,
  Number.NaN,
  true,
  "",
  "text",
  [],
  ["a"],
  {},
  Symbol("s"),
  () => 7,
  new Map(),
  new Proxy({}, {}),
  throwing,
];
/** Odd values in an options object's place that are none. */
const NO_OPTIONS: readonly unknown[] = [null, 7, true, "text", ["a"], Symbol("s"), { __proto__: null, colour: 1 }, throwing];

describe("a certificate's doors, from an untyped caller", () => {
  it("refuse odd input with an error of ours", async () => {
    for (const value of ODD) {
      for (const door of ["fromPem", "fromPfx", "fromKeyObject", "fromBindingKey"] as const) {
        await refusal(() => BindingCertificate[door](value as never));
      }
    }
  });

  it("refuse odd options with an error of ours", async () => {
    for (const options of NO_OPTIONS) {
      expect((await refusal(() => BindingCertificate.fromPem(issued.chainPem, options as never))).code).toBe("invalid_options");
      expect((await refusal(() => BindingCertificate.fromPfx(issued.certificateDer, options as never))).code).toBe("invalid_options");
      expect((await refusal(() => certificateFromFile("a.pem", options as never))).code).toBe("invalid_options");
      expect((await refusal(() => certificateFromEnvironment(options as never))).code).toBe("invalid_options");
    }
  });

  it("refuse a path and an environment that are none", async () => {
    for (const path of [undefined, null, 7, "", " ", [], {}, Buffer.from("a.pem"), new URL("file:///a.pem")]) {
      expect((await refusal(() => certificateFromFile(path as never))).code).toBe("invalid_options");
    }
    for (const env of [{ AZURE_CLIENT_CERTIFICATE_PATH: 7 }, { MTLS_POP_CLIENT_CERTIFICATE: Buffer.from("a") }, []]) {
      expect((await refusal(() => certificateFromEnvironment({ env: env as never }))).code).toBe("invalid_options");
    }
    expect((await refusal(async () => certificateFromFile("a\u0000b")())).code).toBe("certificate_unreadable");
  });

  it("refuse a clock that tells no time", async () => {
    for (const now of [() => Number.NaN, () => "noon", () => undefined]) {
      const attempt = BindingCertificate.fromPem(issued.chainPem, { key: issued.privateKeyPem, now: now as never });
      expect(await attempt.catch((error) => error.code)).toBe("invalid_options");
    }
  });

  it("refuse odd arguments of a certificate's own methods", async () => {
    for (const value of [undefined, null, 7, "text", [], {}, new Date(Number.NaN), Date.now()]) {
      expect((await refusal(() => certificate.assertValidAt(value as never))).code).toBe("invalid_options");
      expect((await refusal(() => certificate.sign(value as never))).code).toBe("invalid_options");
    }
    for (const options of [
      null,
      7,
      "text",
      { ca: "pem" },
      { ca: 7 },
      { ca: [7] },
      { minVersion: "TLSv1" },
      { maxVersion: null },
      { colour: 1 },
    ]) {
      expect((await refusal(() => certificate.secureContext(options as never))).code).toBe("invalid_options");
    }
    expect((await refusal(() => certificate.secureContext({ minVersion: "TLSv1.3", maxVersion: "TLSv1.2" }))).code).toBe("invalid_options");
  });
});

describe("a certificate's key", () => {
  it("stands in no print, JSON, clone, copy or error", async () => {
    const { d = "" } = createPrivateKey(issued.privateKeyPem).export({ format: "jwk" });
    const hex = Buffer.from(d, "base64url").toString("hex");
    // the third line is the public key alone, which stands in the certificate as well
    const base64 = issued.privateKeyPem.split("\n").slice(1, 3);
    const wrong = await issue();
    const error = await refusal(() => BindingCertificate.fromPem(wrong.chainPem, { key: issued.privateKeyPem }));
    const prints = [
      inspect(certificate, { depth: 20, showHidden: true, getters: true }),
      inspect({ nested: [certificate] }, { depth: 20, showHidden: true }),
      JSON.stringify(certificate),
      JSON.stringify({ ...certificate }),
      inspect(structuredClone({ ...certificate }), { depth: 20 }),
      String(certificate),
      inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error),
    ];
    for (const print of prints) for (const secret of [d, hex, ...base64]) expect(print).not.toContain(secret);
    expect(Object.isFrozen(certificate)).toBe(true);
  });

  it("stands in no error when it cannot be read", async () => {
    const cut = issued.privateKeyPem.replace(/\n.{20}/, "\n");
    const error = await refusal(() => BindingCertificate.fromPem(issued.chainPem, { key: cut }));
    for (const line of cut.split("\n").slice(1, -2)) expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(line);
  });
});
