import { assertApplicationOptions } from "../entra/application-options.js";
import type { ApplicationRegistry } from "../entra/application-registry.js";
import { assertFault } from "../faults/assert-fault.js";
import type { FaultList } from "../faults/fault-list.js";
import { assertManagedIdentityOptions } from "../managed-identity/managed-identity.js";
import { type RequestLog, requestToJson } from "../record/request-log.js";
import type { SecretStore } from "../resources/secret-store.js";
import { changeMachine, type Machine, machineSettings } from "./machine-settings.js";

/** What the admin endpoint reads and changes. */
export interface Administered {
  /** What `/health` shows. */
  readonly facts: Readonly<Record<string, string>>;
  readonly faults: FaultList;
  readonly log: RequestLog;
  readonly applications: ApplicationRegistry;
  readonly secrets: SecretStore;
  readonly machine: Machine;
}

/** What came with a request. */
interface AdminInput {
  /** The last part of `/secrets/{name}`. */
  readonly name: string;
  /** The parsed body. */
  readonly body: unknown;
}

type Act = (administered: Administered, input: AdminInput) => unknown;

/** Path, method, and what is done; nothing returned is 204. */
export const ROUTES: Readonly<Record<string, Readonly<Record<string, Act>>>> = {
  "/health": { GET: ({ facts }) => ({ status: "ok", ...facts }) },
  "/faults": {
    GET: ({ faults }) => faults.list().map(({ fault, remaining }) => ({ ...fault, times: remaining })),
    POST: ({ faults }, { body }) => {
      assertFault(body);
      faults.add(body);
    },
    DELETE: ({ faults }) => faults.clear(),
  },
  "/requests": {
    GET: ({ log }) => log.entries.map(requestToJson),
    DELETE: ({ log }) => log.clear(),
  },
  "/secrets": { GET: ({ secrets }) => secrets.list().map(({ name }) => name) },
  "/secrets/{name}": {
    PUT: ({ secrets }, { name, body }) => void secrets.set(name, secretOf(body)),
    DELETE: ({ secrets }, { name }) => void secrets.delete(name),
  },
  "/applications": {
    GET: ({ applications }) =>
      [...applications].map(({ certificates, ...application }) => ({ ...application, certificates: certificates.map(String) })),
    POST: ({ applications }, { body }) => {
      assertApplicationOptions(body);
      applications.register(body);
    },
  },
  "/applications/{name}": { DELETE: ({ applications }, { name }) => void applications.remove(name) },
  "/managed-identities": {
    GET: ({ machine }) => [...machine.managedIdentities],
    POST: ({ machine }, { body }) => {
      assertManagedIdentityOptions(body);
      return machine.managedIdentities.register(body);
    },
  },
  "/managed-identities/{name}": { DELETE: ({ machine }, { name }) => void machine.managedIdentities.remove(name) },
  "/machine": { GET: ({ machine }) => machineSettings(machine), PATCH: ({ machine }, { body }) => changeMachine(machine, body) },
};

function secretOf(body: unknown): string {
  const value: unknown = typeof body === "object" && body !== null ? Reflect.get(body, "value") : undefined;
  if (typeof value !== "string") throw new TypeError('A secret is {"value": "…"}.');
  return value;
}
