import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AuthenticationResult } from "../../src/application/authentication-result.js";
import { ConfidentialClientApplication } from "../../src/application/confidential-client-application.js";
import { MtlsPopTokenAcquirer } from "../../src/application/mtls-pop-token-acquirer.js";
import { RegionDetector } from "../../src/authority/region-detector.js";
import { isMtlsPopError, type MtlsPopError } from "../../src/errors.js";
import { emulated, VAULT_SCOPE } from "../emulated.js";

const bound = { scopes: [VAULT_SCOPE], mtlsProofOfPossession: true } as const;
let entra: Awaited<ReturnType<typeof emulated>>;
beforeAll(async () => {
  entra = await emulated();
});
afterAll(() => entra.close());

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeEach(() => process.on("unhandledRejection", note));
afterEach(() => {
  process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

/** The error of ours that something ends in; it must have advice or words enough. */
async function refusal(attempt: () => unknown): Promise<MtlsPopError> {
  const outcome = await (async () => attempt())().then(
    () => new Error("It was not refused."),
    (error: unknown) => error,
  );
  if (!isMtlsPopError(outcome)) throw outcome;
  expect(outcome.message.length).toBeGreaterThan(20);
  expect(outcome.message.length).toBeLessThan(2000);
  return outcome;
}

const HUGE = "x".repeat(1_000_000);
const throwing = (name: string) => Object.defineProperty({}, name, { enumerable: true, get: () => fail() });
function fail(): never {
  throw new TypeError("not now");
}
const ODD: readonly unknown[] = [
  undefined,
  null,
  7,
  Number.NaN,
  true,
  "",
  "text",
  HUGE,
  [],
  ["a"],
  {},
  Symbol("s"),
  7n,
  () => 7,
  new Map(),
  throwing("scopes"),
];

describe("an application, from an untyped caller", () => {
  it("is not made from odd options", async () => {
    for (const options of ODD) {
      await refusal(() => new ConfidentialClientApplication(options as never));
      await refusal(() => new MtlsPopTokenAcquirer(options as never));
    }
  });

  it.each([
    "clientId",
    "authority",
    "tenantId",
    "azureRegion",
    "certificate",
    "transport",
    "logger",
    "cache",
    "clock",
    "regionDetector",
    "knownAuthorities",
    "clientCapabilities",
    "fallbackToGlobal",
  ])("is not made with an odd `%s`", async (name) => {
    for (const value of [null, 7, true, "", [7], Symbol("s"), 7n]) {
      if (name === "fallbackToGlobal" && value === true) continue;
      const error = await refusal(() => entra.application({ [name]: value } as never));
      expect(error.message).toContain(`\`${name}\``);
    }
  });

  it.each(["__proto__", "constructor", "toString", "valueOf"])(
    "takes no option, request field or claim named %s for one of its own",
    async (name) => {
      const strange = JSON.parse(`{"${name}":{"test":true,"admin":true}}`);
      const options = { clientId: entra.clientId, authority: entra.emulator.authority, certificate: entra.certificate };
      expect((await refusal(() => new ConfidentialClientApplication(Object.assign(Object.create(null), options, strange)))).code).toMatch(
        /invalid_options|untrusted_authority/,
      );
      expect((await refusal(() => entra.application().acquireTokenByClientCredential(own(bound, name)))).code).toBe("invalid_options");
      expect((await refusal(() => entra.application().acquireBoundToken(own({ scopes: [VAULT_SCOPE] }, name)))).code).toBe(
        "invalid_options",
      );
      expect(Reflect.get({}, "admin")).toBeUndefined();
    },
  );

  it("has no clock that cannot be asked", async () => {
    for (const clock of [{}, { now: 1, sleep: 2 }, { now: () => 0 }, { now: () => 0, sleep: "long" }]) {
      expect((await refusal(() => entra.application({ clock } as never))).message).toContain("`clock`");
    }
  });

  it("has no client id with a blank, which would part the cache's keys anew", async () => {
    for (const clientId of ["a b", "a\u00a0b", "a\nb", HUGE])
      expect((await refusal(() => entra.application({ clientId }))).code).toBe("invalid_options");
  });

  it("has no authority or tenant that means another place than it seems to", async () => {
    for (const authority of [
      "https://login.microsoftonline.com@evil.example/tenant.example",
      "https://login.microsoftonline.com\\@evil.example/tenant.example",
      "https://login.microsoftonline.com%2eevil.example/tenant.example",
      "https://login.microsoftonline.com\u3002evil.example/tenant.example",
      "https://login.microsoftonline.com./tenant.example",
      "https://l\u043egin.microsoftonline.com/tenant.example",
      "//login.evil.example/tenant.example",
      "javascript:alert(1)",
      "https://login.microsoftonline.com/a/b",
      "https://login.microsoftonline.com/..%2fevil",
      `https://login.${HUGE}.example/tenant.example`,
    ]) {
      await refusal(() => entra.application({ authority, knownAuthorities: [] }));
    }
    for (const tenantId of ["../evil", "a/b", "a\\b", "a%2fb", "t\u00e9nant", "\u212a.example", "a b", "a?b", "a#b", ".", "..", HUGE]) {
      await refusal(() => entra.application({ tenantId }));
      await refusal(() => entra.application().acquireTokenByClientCredential({ ...bound, tenantId }));
    }
  });
});

describe("a request, from an untyped caller", () => {
  it("is refused when it is odd", async () => {
    const application = entra.application();
    const acquirer = new MtlsPopTokenAcquirer(application);
    for (const request of ODD) {
      await refusal(() => application.acquireTokenByClientCredential(request as never));
      await refusal(() => application.acquireBoundToken(request as never));
      await refusal(() => acquirer.acquireToken(request as never));
      await refusal(() => acquirer.acquireBoundToken(request as never));
    }
  });

  it.each([
    "scopes",
    "claims",
    "extraBodyParameters",
    "fmiPath",
    "tenantId",
    "correlationId",
    "signal",
    "skipCache",
    "mtlsProofOfPossession",
  ])("is refused with an odd `%s`, and with one that cannot be read", async (name) => {
    const application = entra.application();
    for (const value of [null, 7, "", [7], Symbol("s"), 7n]) {
      await refusal(() => application.acquireTokenByClientCredential({ ...bound, [name]: value } as never));
    }
    const request = Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(bound), [name]: { enumerable: true, get: fail } });
    expect(await refusal(() => application.acquireTokenByClientCredential(request as never))).toMatchObject({
      code: "invalid_options",
      cause: { message: "not now" },
    });
  });

  it("is refused with extra parameters that cannot be read, or hide a reserved one", async () => {
    const application = entra.application();
    const ask = (extra: object) => application.acquireTokenByClientCredential({ ...bound, extraBodyParameters: extra as never });
    await refusal(() => ask(throwing("dc")));
    await refusal(() => ask({ dc: 7 }));
    expect((await refusal(() => ask({ "Scope ": "x" }))).code).toBe("reserved_body_parameter");
    expect((await refusal(() => ask({ "scope\u0000": "x" }))).code).toBe("invalid_options");
  });

  it("is asked as it was given, whatever becomes of the caller's object meanwhile", async () => {
    entra.emulator.applications.register({
      clientId: entra.clientId,
      certificates: [entra.issued.certificatePem],
      extraBodyParameters: ["dc"],
    });
    const extra: Record<string, string> = { dc: "ESTS-1" };
    const scopes = [VAULT_SCOPE];
    const request = { scopes, mtlsProofOfPossession: true, extraBodyParameters: extra };
    const application = entra.application({ certificate: async () => entra.certificate });
    const before = entra.tokenRequests().length;
    const pending = application.acquireTokenByClientCredential(request);
    extra["dc"] = "changed";
    extra["token_type"] = "bearer";
    request.mtlsProofOfPossession = false;
    scopes[0] = "https://evil.example/.default";
    expect((await pending).tokenType).toBe("mtls_pop");
    expect(entra.tokenRequests()[before]?.form).toMatchObject({ dc: "ESTS-1", token_type: "mtls_pop", scope: VAULT_SCOPE });
  });

  it.each([{}, "pem", 7, null])(
    "is refused when the assertion comes with %j in the certificate's place",
    async (tokenBindingCertificate) => {
      const { certificate: _, ...options } = {
        clientId: entra.clientId,
        authority: entra.emulator.authority,
        knownAuthorities: [entra.host],
        certificate: 0,
      };
      const application = new ConfidentialClientApplication({
        ...options,
        transport: entra.transport,
        clientAssertion: async () => ({ assertion: "a.b.c", tokenBindingCertificate }) as never,
      });
      expect((await refusal(() => application.acquireTokenByClientCredential(bound))).code).toBe("invalid_options");
    },
  );
});

describe("a logger that fails", () => {
  it("stands in nobody's way", async () => {
    const logger = { info: fail, warn: fail, debug: fail, error: fail };
    const regionDetector = new RegionDetector({ env: {}, metadataUrl: entra.emulator.instanceMetadata.url });
    entra.emulator.instanceMetadata.answerNext({ status: 404 });
    const result: AuthenticationResult = await entra
      .application({ logger, azureRegion: "auto", regionDetector })
      .acquireTokenByClientCredential(bound);
    expect(result.tokenType).toBe("mtls_pop");
  });
});

/** A copy with one more property of its own, also one named `__proto__`. */
function own<T extends object>(request: T, name: string): T {
  return Object.defineProperty({ ...request }, name, { value: { test: () => true }, enumerable: true });
}
