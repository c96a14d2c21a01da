import type { FunctionsHost } from "@mtls-pop/emulator";
import type { Narrator } from "./narrator.js";
import { assertTrue, UntrueStatement } from "./statement.js";

/** A token with its certificate, as far as the app tells of them. */
export interface TokenState {
  readonly certificate: { readonly subject: string; readonly issuer: string; readonly thumbprint: string };
  readonly token: { readonly tokenType: string; readonly source: string; readonly endpoint: string };
}

/** What `GET /api/health` tells. */
export interface Health extends TokenState {
  /** Told by an app whose identity comes in two legs. */
  readonly leg1?: TokenState;
}

/** Calls the app as anybody with its function key would: over HTTP. */
async function call({ url, functionKey }: FunctionsHost, path: string): Promise<unknown> {
  const response = await fetch(`${url}${path}`, { headers: { "x-functions-key": functionKey } });
  const text = await response.text();
  if (!response.ok) throw new UntrueStatement(`Not true: the app answers GET ${path}. It said ${response.status} ${text}`);
  return JSON.parse(text);
}

/** Asks the app for its state for the first time, and without its key as well. */
export function tellFirstAnswer(host: FunctionsHost, narrator: Narrator): Promise<Health> {
  return narrator.step("calling the app", async () => {
    const value = await callHealth(host);
    await assertKeyNeeded(host);
    return { line: "the app answers whoever has its function key", value };
  });
}

/** Asks the app for its state. */
export async function callHealth(host: FunctionsHost): Promise<Health> {
  const health = await call(host, "/api/health");
  assertHealth(health);
  return health;
}

/** Asks the app for a secret. */
export async function callSecret(host: FunctionsHost, name: string): Promise<string> {
  const secret = await call(host, `/api/secrets/${name}`);
  const value = textAt(secret, "value");
  if (value === undefined) throw new UntrueStatement("Not true: the app returns a secret. Its answer has no `value`.");
  return value;
}

/** Nobody without the function key is served. */
async function assertKeyNeeded({ url }: FunctionsHost): Promise<void> {
  const { status } = await fetch(`${url}/api/health`);
  assertTrue("the app turns away a caller without its function key", status, 401);
}

function assertHealth(health: unknown): asserts health is Health {
  const hasLeg1 = typeof health === "object" && health !== null && "leg1" in health;
  const fields = [
    ["certificate", "subject"],
    ["certificate", "issuer"],
    ["certificate", "thumbprint"],
    ["token", "tokenType"],
    ["token", "source"],
    ["token", "endpoint"],
  ];
  const wanted = hasLeg1 ? [...fields, ...fields.map((path) => ["leg1", ...path])] : fields;
  const missing = wanted.filter((path) => textAt(health, ...path) === undefined).map((path) => path.join("."));
  if (missing.length > 0) throw new UntrueStatement(`Not true: /api/health tells ${missing.join(", ")}. It said ${JSON.stringify(health)}`);
}

function textAt(value: unknown, ...path: string[]): string | undefined {
  const found = path.reduce<unknown>((at, name) => (typeof at === "object" && at !== null ? Reflect.get(at, name) : undefined), value);
  return typeof found === "string" ? found : undefined;
}
