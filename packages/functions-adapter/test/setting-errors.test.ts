import { MtlsPopError } from "@mtls-pop/core";
import { describe, expect, it } from "vitest";
import { assertSettings, namingSettings } from "../src/setting-errors.js";

const TENANT = { name: "AZURE_TENANT_ID", meaning: "`tenantId`" };

const thrownBy = (settings: readonly (typeof TENANT)[], error: unknown): unknown => {
  try {
    return namingSettings(settings, () => {
      throw error;
    });
  } catch (thrown) {
    return thrown;
  }
};

describe("an error about options that were settings", () => {
  it("keeps its code, its words and its help, and says which setting is which option", () => {
    const error = new MtlsPopError("invalid_authority", "The tenant is none.", { help: "Use another." });
    expect(thrownBy([TENANT], error)).toMatchObject({
      code: "invalid_authority",
      message: "The tenant is none. Use another. Of the app settings, AZURE_TENANT_ID is `tenantId`.",
      help: "Use another. Of the app settings, AZURE_TENANT_ID is `tenantId`.",
      cause: error,
    });
  });

  it("keeps what a service said of it", () => {
    const facts = { statusCode: 429, retryable: true, retryAfterSeconds: 9, correlationId: "c", aadErrorCodes: [7], claims: "{}" };
    expect(thrownBy([TENANT], new MtlsPopError("key_vault_error", "Later.", facts))).toMatchObject(facts);
  });

  it("may have had no help", () => {
    const message = "The tenant is none. Of the app settings, AZURE_TENANT_ID is `tenantId`.";
    expect(thrownBy([TENANT], new MtlsPopError("invalid_authority", "The tenant is none."))).toMatchObject({ message });
  });

  it("stays as it is where no setting was an option, and when it is not the toolkit's", () => {
    for (const [settings, error] of [[[], new MtlsPopError("timeout", "Late.")] as const, [[TENANT], new RangeError("own")] as const]) {
      expect(thrownBy(settings, error)).toBe(error);
    }
  });
});

describe("missing settings", () => {
  it("are named once each, with all that they are for", () => {
    const url = (resource: string) => ({ name: "API_URL", meaning: `\`baseUrl\` of the resource "${resource}"` });
    expect(() => assertSettings({}, [url("a"), TENANT, url("b")])).toThrow(
      /^App settings are missing: API_URL \(`baseUrl` of the resource "a", `baseUrl` of the resource "b"\); AZURE_TENANT_ID \(`tenantId`\)\. Set/,
    );
  });

  it("are none when all are there", () => {
    expect(() => assertSettings({ AZURE_TENANT_ID: "contoso.example" }, [TENANT])).not.toThrow();
  });
});
