import type { Answer } from "../transport/answer.js";
import { type AuthorizationScheme, otherScheme } from "./authorization-scheme.js";
import type { Resource } from "./resource.js";

/** Which scheme a resource turned out to take when it was not the one expected. */
export type SchemeMemory = WeakMap<Resource, AuthorizationScheme>;

/** A 401 that was answered with the other scheme. */
export interface Refusal {
  readonly answer: Answer;
  /** `undefined` when it was too long to keep. */
  readonly body: Buffer | undefined;
}

/** The scheme of one call: a 401 is answered with the other one, once, and the one that is taken then is remembered. */
export class SchemeNegotiation {
  readonly #resource: Resource;
  readonly #memory: SchemeMemory;
  #scheme: AuthorizationScheme;
  #refusal: Refusal | undefined;
  #mayChange: boolean;

  constructor(resource: Resource, memory: SchemeMemory) {
    this.#resource = resource;
    this.#memory = memory;
    this.#scheme = (resource.schemeIsFixed ? undefined : memory.get(resource)) ?? resource.scheme;
    this.#mayChange = !resource.schemeIsFixed;
  }

  /** What goes in front of the token. */
  get scheme(): AuthorizationScheme {
    return this.#scheme;
  }

  /** Whether a 401 is answered with the other scheme. */
  get mayChange(): boolean {
    return this.#mayChange;
  }

  /** The first scheme's 401, as long as it is not known whether the second one is taken. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  /** Goes on with the other scheme. */
  change(refusal: Refusal): void {
    this.#mayChange = false;
    this.#refusal = refusal;
    this.#scheme = otherScheme(this.#scheme);
  }

  /** The scheme was taken. */
  confirm(): void {
    if (this.#refusal) this.#memory.set(this.#resource, this.#scheme);
    this.#refusal = undefined;
  }
}
