import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Emulator } from "@mtls-pop/emulator";
import { selfSigned } from "./self-signed.js";

interface Policy {
  readonly issuer: { readonly name: string };
  readonly x509_props: { readonly subject: string; readonly validity_months: number; readonly ekus: readonly string[] };
  readonly key_props: { readonly exportable: boolean; readonly kty: string; readonly key_size: number };
  readonly secret_props: { readonly contentType: string };
  readonly lifetime_actions: readonly { readonly action: { readonly action_type: string } }[];
}

/** A creation that is under way or has ended. */
interface Pending {
  readonly policy: Policy;
  looks: number;
  status: "inProgress" | "completed" | "failed";
}

/** Of its TLS server; made once, since a key takes its time. */
const CREDENTIALS = selfSigned({ subject: "CN=localhost", names: ["localhost"] });

/** The emulated vault behind a server that makes certificates, which the emulator does not. */
export class VaultStandIn {
  readonly url: string;
  readonly ca: string;
  /** As `METHOD path`, the authorized ones. */
  readonly requests: string[] = [];
  /** What certificates were to be. */
  readonly policies: Policy[] = [];
  /** 403s with this inner code for the next requests. */
  refuse: { times: number; code: string } = { times: 0, code: "ForbiddenByRbac" };
  /** Names of certificates that are deleted, and can be recovered. */
  readonly deleted = new Set<string>();
  /** Requests that get no answer before the next ones do. */
  silent = 0;
  /** Looks at a creation before it has ended. */
  looksUntilMade = 2;
  /** The issuer's refusal of the next creation. */
  failure: { code: string; message: string } | undefined;
  readonly #pending = new Map<string, Pending>();
  readonly #emulator: Emulator;
  readonly #close: () => Promise<void>;

  private constructor(emulator: Emulator, url: string, ca: string, close: () => Promise<void>) {
    this.#emulator = emulator;
    this.url = url;
    this.ca = ca;
    this.#close = close;
  }

  static async start(emulator: Emulator): Promise<VaultStandIn> {
    const { certificatePem, privateKeyPem } = await CREDENTIALS;
    const server = createServer({ cert: certificatePem, key: privateKeyPem }, (message, response) => {
      void standIn.#answer(message, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const close = () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    const standIn = new VaultStandIn(emulator, `https://localhost:${(server.address() as AddressInfo).port}`, certificatePem, close);
    return standIn;
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Lets the issuer of a creation be done after so many looks. */
  hurry(name: string, looks = 1): void {
    const pending = this.#pending.get(name);
    if (pending) pending.looks = looks;
  }

  /** What changes something, as `METHOD path`. */
  changes(): string[] {
    return this.requests.filter((request) => !request.startsWith("GET "));
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(message);
    const path = (message.url ?? "").split("?")[0] ?? "";
    const send = (status: number, answer: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    const error = (status: number, code: string, innerCode?: string) =>
      send(status, { error: { code, message: `The vault says ${code}.`, ...(innerCode && { innererror: { code: innerCode } }) } });
    // an unauthorized one gets the emulated vault's challenge
    if (message.headers.authorization === undefined) return this.#forward(message, body, response);
    this.requests.push(`${message.method} ${path}`);
    if (this.silent-- > 0) return;
    if (this.refuse.times-- > 0) return void error(403, "Forbidden", this.refuse.code);
    const [, name = "", word] = /^\/certificates\/([^/]+)\/?(\w*)$/.exec(path) ?? [];
    const pending = this.#pending.get(name);
    if (word === "create" && this.deleted.has(name)) return void error(409, "Conflict", "ObjectIsDeletedButRecoverable");
    if (word === "create" && message.method === "POST") return void (await this.#create(name, body, send, error));
    if (word === "pending") return void (pending ? send(200, await this.#look(name, pending)) : error(404, "PendingCertificateNotFound"));
    if (word === "" && pending && pending.status !== "completed" && this.#emulator.keyVault.certificates.get(name) === undefined) {
      return void send(200, { id: `${this.url}/certificates/${name}/1`, attributes: { enabled: false }, policy: pending.policy });
    }
    this.#forward(message, body, response);
  }

  async #create(
    name: string,
    body: Buffer,
    send: (status: number, answer: object) => unknown,
    error: (status: number, code: string) => unknown,
  ): Promise<void> {
    const { policy } = JSON.parse(body.toString()) as { policy: Policy };
    const renews = policy.lifetime_actions.some(({ action }) => action.action_type === "AutoRenew");
    const isSound =
      policy.x509_props.subject.startsWith("CN=") && policy.key_props.kty === "RSA" && !(renews && policy.issuer.name === "Unknown");
    if (!isSound) return void error(400, "BadParameter");
    this.policies.push(policy);
    const pending: Pending = { policy, looks: this.looksUntilMade, status: "inProgress" };
    this.#pending.set(name, pending);
    send(202, this.#operation(name, pending));
  }

  async #look(name: string, pending: Pending): Promise<object> {
    if (pending.status === "inProgress" && pending.policy.issuer.name !== "Unknown" && --pending.looks <= 0) {
      if (this.failure) pending.status = "failed";
      else {
        const { certificatePem, privateKeyPem } = await selfSigned({ subject: pending.policy.x509_props.subject });
        this.#emulator.keyVault.certificates.import(name, `${certificatePem}\n${privateKeyPem}`);
        pending.status = "completed";
      }
    }
    return this.#operation(name, pending);
  }

  #operation(name: string, { policy, status }: Pending): object {
    const failed = status === "failed" && { error: this.failure };
    return { id: `${this.url}/certificates/${name}/pending`, issuer: policy.issuer, status, csr: "", ...failed };
  }

  #forward(message: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const { ca, lookup, keyVault } = this.#emulator;
    const { host: _, ...headers } = message.headers;
    const options = { method: message.method ?? "GET", headers, ca, lookup };
    const request = httpsRequest(new URL(message.url ?? "", keyVault.url), options, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.once("error", () => response.destroy());
    request.end(body);
  }
}
