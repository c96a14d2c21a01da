import type { RecordedRequest } from "../record/recorded-request.js";
import { assertFault } from "./assert-fault.js";
import type { CredentialFault, Fault } from "./fault.js";

/** The path where certificates are issued, and the faults that are met there alone. */
const ISSUE_CREDENTIAL = "/metadata/identity/issuecredential";
const CREDENTIAL_FAULTS: ReadonlySet<Fault["kind"]> = new Set<CredentialFault["kind"]>(["wrong-key", "wrong-client-id", "wrong-endpoint"]);

/** A fault that waits for its requests. */
export interface PendingFault {
  readonly fault: Fault;
  /** How many more requests, or connections, meet it. */
  remaining: number;
}

/** The faults that were put in; the earliest that fits a request is the one it meets. */
export class FaultList {
  #pending: PendingFault[] = [];

  /**
   * Puts a fault in the way of the next `times` requests that it fits.
   *
   * @throws {TypeError} for a fault that there is not
   */
  add(fault: Fault): void {
    assertFault(fault);
    this.#pending.push({ fault, remaining: fault.times ?? 1 });
  }

  /** Takes all faults away. */
  clear(): void {
    this.#pending = [];
  }

  /** What no request has met yet. */
  list(): readonly PendingFault[] {
    return this.#pending;
  }

  /** The fault that a request meets, counted as met. Discovery and key documents of the token servers meet none. */
  meet(request: RecordedRequest): Fault | undefined {
    if (request.server === "token" && !request.path.endsWith("/oauth2/v2.0/token")) return undefined;
    const issues = request.path === ISSUE_CREDENTIAL;
    return this.#take(
      ({ on, host, path, kind }) =>
        kind !== "region-down" &&
        on === request.server &&
        (host === undefined || host === request.host) &&
        (path === undefined || path === request.path) &&
        (issues || !CREDENTIAL_FAULTS.has(kind)),
    );
  }

  /** Whether a TLS connection to a token host is cut, counted as met. */
  cuts(serverName: string): boolean {
    return this.#take(({ kind, host }) => kind === "region-down" && (host === undefined || host === serverName)) !== undefined;
  }

  #take(fits: (fault: Fault) => boolean): Fault | undefined {
    const found = this.#pending.find(({ fault }) => fits(fault));
    if (!found) return undefined;
    found.remaining -= 1;
    if (found.remaining <= 0) this.#pending = this.#pending.filter((one) => one !== found);
    return found.fault;
  }
}
