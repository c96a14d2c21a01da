import { describe, expect, it } from "vitest";
import { readPresentedCertificate } from "../../src/guard/presented-certificate.js";
import { issue } from "../certificate/authority.js";
import { thrown } from "../thrown.js";
import { caller } from "./issuer.js";

const pem = caller.toString();
const base64 = caller.raw.toString("base64");
const escaped = encodeURIComponent(pem);
const { certificatePem: other, privateKeyPem } = await issue();
const read = (value: string | Uint8Array) => readPresentedCertificate(value, "the header x-client-cert");

describe("a certificate that was handed on", () => {
  it.each<[string, string | Uint8Array]>([
    ["DER", caller.raw],
    ["base64 of DER, as App Service and HAProxy write it", base64],
    ["PEM", pem],
    ["PEM whose line ends became spaces", pem.replaceAll("\n", " ")],
    ["PEM whose line ends became tabs, as nginx's older variable", pem.trim().replaceAll("\n", "\n\t")],
    ["URL-encoded PEM, as nginx writes it", escaped],
    ["URL-encoded PEM with plus signs and slashes as they are, as AWS writes it", escaped.replaceAll("%2B", "+").replaceAll("%2F", "/")],
    ["a structured field (RFC 9440)", `:${base64}:`],
    ["Envoy's element", `Hash=abc;Cert="${escaped}";Subject="CN=a, O=\\"b\\"";URI=`],
    ["Envoy's element, the certificate last", `By=spiffe://x;Hash=abc;Cert="${escaped}"`],
  ])("is read from %s", (_name, value) => {
    expect(read(value).fingerprint256).toBe(caller.fingerprint256);
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ["two values", `${base64}, ${base64}`, /more than one value/],
    ["two PEM blocks", `${pem}${other}`, /more than one value/],
    ["two URL-encoded PEMs", `${escaped},${encodeURIComponent(other)}`, /more than one value/],
    ["two of Envoy's elements", `Hash=a;Cert="${escaped}",Hash=b;Cert="${encodeURIComponent(other)}"`, /more than one value/],
    ["an element of Envoy's without a certificate", "Hash=abc;URI=spiffe://x", /neither PEM/],
    ["PEM in base64", Buffer.from(pem).toString("base64"), /more than the DER/],
    ["DER with something behind it", Buffer.concat([caller.raw, Buffer.from([0])]), /more than the DER/],
    ["half a certificate", base64.slice(0, 400), /no X\.509 certificate/],
    ["a private key", privateKeyPem, /neither PEM/],
    ["a word", "yes", /no X\.509 certificate/],
    ["base64url", Buffer.alloc(300, 0xff).toString("base64url"), /neither PEM/],
    ["a broken URL encoding", `${escaped}%E0%A4%A`, /URL encoding is broken/],
    ["a value that is too long", "A".repeat(16 * 1024 + 1), /16385 characters, 16384 at most/],
  ])("is refused with %s", (_name, value, message) => {
    const error = thrown(() => read(value));
    expect(error).toMatchObject({ code: "client_certificate_malformed", message: expect.stringMatching(message) });
    expect(error.message).toMatch(/^The client certificate in the header x-client-cert cannot be read/);
  });

  it("is read or refused in no time whatever the header holds", () => {
    const hostile = [
      `Hash="${'\\"'.repeat(8_000)}`,
      `${"a=;".repeat(5_000)},`,
      `-----BEGIN CERTIFICATE-----${" ".repeat(16_000)}`,
      "%41".repeat(5_000),
    ];
    const start = performance.now();
    for (const value of hostile) expect(thrown(() => read(value)).code).toBe("client_certificate_malformed");
    expect(performance.now() - start).toBeLessThan(500);
  });
});
