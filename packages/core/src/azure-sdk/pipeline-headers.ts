import type { HttpHeaders, RawHttpHeaders } from "@azure/core-rest-pipeline";

interface Entry {
  /** As it was written. */
  readonly name: string;
  readonly value: string;
}

interface ToJsonOptions {
  preserveCase?: boolean;
}

/**
 * Headers of an answer in both of the SDK's forms: `HttpHeaders` of its pipeline, and what `@azure/core-http` called so, which
 * `@azure/storage-blob` still asks of a custom HTTP client.
 */
export class PipelineHeaders implements HttpHeaders {
  readonly #entries = new Map<string, Entry>();

  constructor(headers: Iterable<readonly [name: string, value: string]>) {
    for (const [name, value] of headers) this.set(name, value);
  }

  get(name: string): string | undefined {
    return this.#entries.get(name.toLowerCase())?.value;
  }

  has(name: string): boolean {
    return this.#entries.has(name.toLowerCase());
  }

  contains(name: string): boolean {
    return this.has(name);
  }

  set(name: string, value: string | number | boolean): void {
    this.#entries.set(name.toLowerCase(), { name, value: String(value) });
  }

  delete(name: string): void {
    this.remove(name);
  }

  remove(name: string): boolean {
    return this.#entries.delete(name.toLowerCase());
  }

  toJSON({ preserveCase = false }: ToJsonOptions = {}): RawHttpHeaders {
    return Object.fromEntries(Array.from(this.#entries, ([lower, { name, value }]) => [preserveCase ? name : lower, value]));
  }

  toJson(options?: ToJsonOptions): RawHttpHeaders {
    return this.toJSON(options);
  }

  rawHeaders(): RawHttpHeaders {
    return this.toJSON({ preserveCase: true });
  }

  headersArray(): Entry[] {
    return [...this.#entries.values()];
  }

  headerNames(): string[] {
    return this.headersArray().map(({ name }) => name);
  }

  headerValues(): string[] {
    return this.headersArray().map(({ value }) => value);
  }

  clone(): PipelineHeaders {
    return new PipelineHeaders(this);
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    for (const { name, value } of this.#entries.values()) yield [name, value];
  }
}
