import type { ScriptedAnswer } from "@mtls-pop/emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startAzureHost, VAULT } from "../azure-host.js";
import { TestClock } from "../emulated.js";

let azure: Awaited<ReturnType<typeof startAzureHost>>;
beforeAll(async () => {
  azure = await startAzureHost();
});
afterAll(() => azure.close());
beforeEach(() => azure.emulator.forgetRequests());

const answer = (...answers: ScriptedAnswer[]) => azure.emulator.instanceMetadata.answerNext(...answers);

describe("a Bearer token of IMDSv1", () => {
  it.each([1, 2] as const)("is asked for at a metadata service of version %d, over no certificate", async (version) => {
    azure.emulator.managedIdentities.imdsVersion = version;
    const result = await azure.application().acquireToken({ resource: VAULT });
    expect(result).toMatchObject({
      tokenType: "Bearer",
      bindingCertificate: undefined,
      scopes: [`${VAULT}/.default`],
      metadata: {
        tokenSource: "IdentityProvider",
        tokenEndpoint: `${azure.emulator.instanceMetadata.url}/metadata/identity/oauth2/token`,
      },
    });
    expect(azure.metadataRequests()).toEqual([
      expect.objectContaining({
        method: "GET",
        path: "/metadata/identity/oauth2/token",
        query: { "api-version": "2018-02-01", resource: VAULT },
        headers: expect.objectContaining({ metadata: "true", "x-ms-client-request-id": result.correlationId }),
      }),
    ]);
    expect(azure.tokenRequests()).toEqual([]);
  });

  it("is asked for by the service's retry table", async () => {
    const clock = new TestClock();
    answer({ status: 404 }, { status: 500 });
    await azure.application({ clock }).acquireToken({ resource: VAULT });
    expect(clock.slept).toEqual([1000, 2000]);
  });

  it("is refused with the service's words for an identity that the machine does not have", async () => {
    const application = azure.application({ identity: { userAssignedObjectId: "6325cd32-9911-41f3-819c-416cdf9104e7" } });
    await expect(application.acquireToken({ resource: VAULT })).rejects.toMatchObject({
      code: "managed_identity_error",
      kind: "service",
      statusCode: 400,
      retryable: false,
      correlationId: expect.any(String),
      message: expect.stringMatching(/metadata service refused .*6325cd32.*Identity not found.*assigned to the host/),
    });
  });

  it.each([
    ["quotes a nested message", '{"error":{"code":"x","message":"No such thing"}}', "No such thing"],
    ["quotes the bare error", '{"error":"invalid_resource"}', "invalid_resource"],
    ["tells of an answer without words", "<html>secret</html>", "19 characters that gives no reason"],
    ["leaves a token in the answer out", '{"error_description":"bad eyJhbGciOiJub25lIn0.e30.x"}', "bad [JWT]"],
  ])("is refused in an error that %s", async (_, body, words) => {
    answer({ status: 400, body });
    const refused = azure.application().acquireToken({ resource: VAULT });
    await expect(refused).rejects.toMatchObject({ code: "managed_identity_error", message: expect.stringContaining(words) });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining("secret") });
  });

  it("is refused when the answer is not the service's", async () => {
    answer({ status: 200, body: "<html>" });
    await expect(azure.application().acquireToken({ resource: VAULT })).rejects.toMatchObject({
      code: "invalid_managed_identity_response",
      message: expect.stringContaining("oauth2/token"),
    });
  });
});
