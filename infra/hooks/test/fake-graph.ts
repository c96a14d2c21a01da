import { randomUUID, X509Certificate } from "node:crypto";
import { type JsonAnswer, type JsonRequest, type JsonServer, serviceError, startJsonServer } from "./json-server.js";

type Fields = Record<string, unknown>;

export interface FakeApplication extends Fields {
  readonly id: string;
  readonly appId: string;
  uniqueName?: string;
  displayName: string;
  keyCredentials: Fields[];
  federatedIdentityCredentials: Fields[];
}

const asList = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);
const notFound = serviceError(
  404,
  "Request_ResourceNotFound",
  "Resource does not exist or one of its queried reference-property objects are not present.",
);

/** Microsoft Graph, as much of it as the hooks ask: its required fields, conflicts, throttling, and replicas that lag behind. */
export class FakeGraph {
  readonly applications: FakeApplication[] = [];
  /** Deleted ones, whose names are taken for as long as they can be restored. */
  readonly deletedApplications: FakeApplication[] = [];
  readonly servicePrincipals: Fields[] = [];
  /** Looks at something new that get 404 before it is seen. */
  lag = 0;
  /** What the next requests get. */
  readonly next: JsonAnswer[] = [];
  /** Called before each request is answered. */
  onRequest: (request: JsonRequest) => void = () => {};
  readonly #unseen = new Map<string, number>();
  server!: JsonServer;

  static async start(): Promise<FakeGraph> {
    const fake = new FakeGraph();
    fake.server = await startJsonServer((request) => fake.#answer(request));
    return fake;
  }

  /** Registers one as an administrator would. */
  add(displayName: string): FakeApplication {
    const application = { id: randomUUID(), appId: randomUUID(), displayName, keyCredentials: [], federatedIdentityCredentials: [] };
    this.applications.push(application);
    return application;
  }

  #answer(request: JsonRequest): JsonAnswer {
    this.onRequest(request);
    const scripted = this.next.shift();
    if (scripted) return scripted;
    if (!/^Bearer graph-token-[\w-]+$/.test(request.headers.authorization ?? "")) {
      return serviceError(401, "InvalidAuthenticationToken", "Access token is empty.");
    }
    const path = decodeURIComponent(request.url.pathname);
    const { method } = request;
    if (method === "POST" && path === "/v1.0/servicePrincipals") return this.#addPrincipal(request.body);
    const byKey = /^\/v1\.0\/(applications|servicePrincipals)\((appId|uniqueName)='([^']+)'\)$/.exec(path);
    if (byKey) {
      const [, kind = "", key = "", value = ""] = byKey;
      if (method === "PATCH" && key === "uniqueName") return this.#upsert(request, value);
      const all: Fields[] = kind === "applications" ? this.applications : this.servicePrincipals;
      return this.#show(
        all.find((one) => one[key] === value),
        request,
      );
    }
    const [, id, below, last] = /^\/v1\.0\/applications\/([\w-]+)(\/federatedIdentityCredentials)?(?:\/([\w-]+))?$/.exec(path) ?? [];
    const application = this.applications.find((one) => one.id === id);
    if (!application) return notFound;
    if (below) return this.#federated(application, request, last);
    if (method === "GET") return this.#show(application, request);
    if (method === "PATCH") return this.#updateKeys(application, request.body);
    return serviceError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.");
  }

  /** With the fields of `$select`; the keys of certificates only where they are selected. */
  #show(object: Fields | undefined, { url }: JsonRequest): JsonAnswer {
    if (!object || !this.#isSeen(String(object["id"]))) return notFound;
    const selected = url.searchParams.get("$select")?.split(",");
    const fields = Object.entries(object).filter(
      ([name]) => (selected ? selected.includes(name) : true) && name !== "federatedIdentityCredentials",
    );
    return { status: 200, body: Object.fromEntries(fields) };
  }

  #isSeen(id: string): boolean {
    const looks = this.#unseen.get(id) ?? 0;
    this.#unseen.set(id, looks - 1);
    return looks <= 0;
  }

  #upsert({ headers, body }: JsonRequest, uniqueName: string): JsonAnswer {
    const present = this.applications.find((one) => one.uniqueName === uniqueName);
    if (present) {
      Object.assign(present, body);
      return { status: 204 };
    }
    if (headers["prefer"] !== "create-if-missing") return notFound;
    if (this.deletedApplications.some((one) => one.uniqueName === uniqueName)) {
      return serviceError(400, "Request_BadRequest", "Another object with the same value for property uniqueName already exists.");
    }
    if (typeof body["displayName"] !== "string")
      return serviceError(400, "Request_BadRequest", "A value is required for property 'displayName'.");
    const application = Object.assign(this.add(body["displayName"]), body, { uniqueName });
    this.#unseen.set(application.id, this.lag);
    return { status: 201, body: application };
  }

  #addPrincipal({ appId }: Fields): JsonAnswer {
    if (typeof appId !== "string") return serviceError(400, "Request_BadRequest", "A value is required for property 'appId'.");
    const application = this.applications.find((one) => one.appId === appId);
    if (!application || !this.#isSeen(application.id)) {
      return serviceError(
        400,
        "Request_BadRequest",
        `The appId '${appId}' of the service principal does not reference a valid application object.`,
      );
    }
    if (this.servicePrincipals.some((one) => one["appId"] === appId)) {
      return serviceError(
        409,
        "Request_MultipleObjectsWithSameKeyValue",
        `The service principal cannot be created: '${appId}' is already in use.`,
      );
    }
    const principal = { id: randomUUID(), appId };
    this.servicePrincipals.push(principal);
    this.#unseen.set(principal.id, this.lag);
    return { status: 201, body: principal };
  }

  #updateKeys(application: FakeApplication, body: Fields): JsonAnswer {
    const updated: Fields[] = [];
    for (const given of asList(body["keyCredentials"])) {
      const present = application.keyCredentials.find(({ keyId }) => keyId === given["keyId"]);
      if (present) updated.push({ ...present, ...given, key: given["key"] ?? present["key"] });
      else {
        const refusal = flawOf(given);
        if (refusal) return refusal;
        const certificate = new X509Certificate(Buffer.from(String(given["key"]), "base64"));
        updated.push({ keyId: randomUUID(), customKeyIdentifier: certificate.fingerprint.replaceAll(":", ""), ...given });
      }
    }
    application.keyCredentials = updated;
    return { status: 204 };
  }

  #federated(application: FakeApplication, { method, body }: JsonRequest, id: string | undefined): JsonAnswer {
    const all = application.federatedIdentityCredentials;
    if (method === "GET") return { status: 200, body: { value: all } };
    if (method === "PATCH") {
      const present = all.find((one) => one["id"] === id);
      if (!present) return notFound;
      Object.assign(present, body);
      return { status: 204 };
    }
    for (const name of ["name", "issuer", "subject", "audiences"]) {
      if (!body[name]) return serviceError(400, "Request_BadRequest", `A value is required for property '${name}'.`);
    }
    for (const names of [["name"], ["issuer", "subject"]]) {
      if (!all.some((one) => names.every((name) => one[name] === body[name]))) continue;
      const words = `FederatedIdentityCredential with the same ${names.join(" and ")} already exists.`;
      return serviceError(409, "Request_MultipleObjectsWithSameKeyValue", words);
    }
    all.push({ id: randomUUID(), ...body });
    return { status: 201, body: all.at(-1) };
  }
}

function flawOf(credential: Fields): JsonAnswer | undefined {
  if (credential["type"] !== "AsymmetricX509Cert" || credential["usage"] !== "Verify" || typeof credential["key"] !== "string") {
    return serviceError(400, "Request_BadRequest", "New key credentials must have type, usage and key.");
  }
  const { validTo } = new X509Certificate(Buffer.from(credential["key"], "base64"));
  const end = new Date(String(credential["endDateTime"]));
  if (end > new Date(validTo) || end < new Date()) {
    return serviceError(400, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid.");
  }
  return undefined;
}
