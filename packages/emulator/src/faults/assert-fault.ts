import { AADSTS } from "../entra/aadsts.js";
import type { Fault, FaultKind, FaultTarget } from "./fault.js";

const TARGETS: readonly FaultTarget[] = ["token", "key-vault", "graph", "custom-api", "instance-metadata", "app-service", "attestation"];

/** What stands beside `on`, `kind`, `times` and `host`, and whether it may be left out. */
const DETAILS: Readonly<Record<FaultKind, Readonly<Record<string, "required" | "optional">>>> = {
  latency: { delayMs: "required" },
  throttle: { retryAfterSeconds: "optional" },
  unavailable: { retryAfterSeconds: "optional" },
  reset: {},
  "bad-json": {},
  hang: {},
  "revoked-certificate": {},
  downgrade: {},
  expired: {},
  "wrong-confirmation": {},
  "no-confirmation": {},
  "no-token-type": {},
  "opaque-token": {},
  "entra-error": { code: "required" },
  "region-down": {},
  "wrong-key": {},
  "wrong-client-id": {},
  "wrong-endpoint": { endpoint: "required" },
};

/** Kinds that go on one target alone. */
const OWN: Readonly<Partial<Record<FaultTarget, ReadonlySet<FaultKind>>>> = {
  token: new Set([
    "downgrade",
    "expired",
    "wrong-confirmation",
    "no-confirmation",
    "no-token-type",
    "opaque-token",
    "entra-error",
    "region-down",
  ]),
  "instance-metadata": new Set(["wrong-key", "wrong-client-id", "wrong-endpoint"]),
};

/** Targets that are shown no certificate. */
const WITHOUT_CERTIFICATE: ReadonlySet<FaultTarget> = new Set(["instance-metadata", "app-service", "attestation"]);

const TEXTS = { host: "a host name", path: "a path", endpoint: "a URL" } as const;

/** What a timer of Node can wait, in milliseconds. */
const MOST = 2_147_483_647;

/**
 * Checks a fault that came as JSON.
 *
 * @throws {TypeError} which names the field and what it takes
 */
export function assertFault(value: unknown): asserts value is Fault {
  if (typeof value !== "object" || value === null) throw new TypeError("A fault is an object with `on` and `kind`.");
  const fields = new Map<string, unknown>(Object.entries(value));
  const on = fields.get("on");
  const kind = fields.get("kind");
  const target = TARGETS.find((one) => one === on);
  if (target === undefined) throw new TypeError(`A fault's \`on\` is one of ${TARGETS.join(", ")}.`);
  if (typeof kind !== "string" || !isFaultKind(kind))
    throw new TypeError(`A fault's \`kind\` is one of ${Object.keys(DETAILS).join(", ")}.`);
  assertFits(target, kind);
  const details = DETAILS[kind];
  for (const [name, detail] of fields) {
    if (name === "on" || name === "kind") continue;
    if (name === "host" || name === "path" || (name === "endpoint" && details[name] !== undefined)) {
      if (detail !== undefined && typeof detail !== "string") throw new TypeError(`A fault's \`${name}\` is ${TEXTS[name]}.`);
    } else if (name !== "times" && details[name] === undefined) {
      throw new TypeError(`The fault \`${kind}\` has no \`${name}\`.`);
    } else if (detail !== undefined && !isCount(detail, name === "times" ? 1 : 0)) {
      throw new TypeError(`A fault's \`${name}\` is a whole number from ${name === "times" ? 1 : 0} to ${MOST}.`);
    }
  }
  for (const [name, need] of Object.entries(details)) {
    if (need === "required" && fields.get(name) === undefined) throw new TypeError(`The fault \`${kind}\` needs \`${name}\`.`);
  }
  if (kind === "entra-error" && !Object.hasOwn(AADSTS, String(fields.get("code")))) {
    throw new TypeError(`A fault's \`code\` is one of ${Object.keys(AADSTS).join(", ")}.`);
  }
}

function assertFits(target: FaultTarget, kind: FaultKind): void {
  const owner = TARGETS.find((one) => OWN[one]?.has(kind));
  if (owner !== undefined && owner !== target) throw new TypeError(`The fault \`${kind}\` goes on "${owner}" alone.`);
  if (kind === "revoked-certificate" && WITHOUT_CERTIFICATE.has(target)) {
    throw new TypeError(`The fault \`${kind}\` goes on servers that ask for a certificate, and "${target}" does not.`);
  }
}

function isCount(value: unknown, least: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= MOST;
}

function isFaultKind(kind: string): kind is FaultKind {
  return Object.hasOwn(DETAILS, kind);
}
