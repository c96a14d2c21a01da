import { AADSTS } from "../entra/aadsts.js";
import type { Fault, FaultKind, FaultTarget } from "./fault.js";

const TARGETS: readonly FaultTarget[] = ["token", "key-vault", "graph", "custom-api"];

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
};

/** What a timer of Node can wait, in milliseconds. */
const MOST = 2_147_483_647;

const TRANSPORT: ReadonlySet<string> = new Set(["latency", "throttle", "unavailable", "reset", "bad-json", "hang", "revoked-certificate"]);

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
  if (!TARGETS.some((target) => target === on)) throw new TypeError(`A fault's \`on\` is one of ${TARGETS.join(", ")}.`);
  if (typeof kind !== "string" || !isFaultKind(kind))
    throw new TypeError(`A fault's \`kind\` is one of ${Object.keys(DETAILS).join(", ")}.`);
  if (on !== "token" && !TRANSPORT.has(kind)) throw new TypeError(`The fault \`${kind}\` goes on "token" alone.`);
  const details = DETAILS[kind];
  for (const [name, detail] of fields) {
    if (name === "on" || name === "kind") continue;
    if (name === "host") {
      if (detail !== undefined && typeof detail !== "string") throw new TypeError("A fault's `host` is a host name.");
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

function isCount(value: unknown, least: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= MOST;
}

function isFaultKind(kind: string): kind is FaultKind {
  return Object.hasOwn(DETAILS, kind);
}
