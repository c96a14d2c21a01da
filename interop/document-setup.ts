import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Whether the run writes docs/interop.md, by vitest's `--update`, or holds it against what it finds. */
    updatesDocument: boolean;
  }
}

/** Tells the suites what becomes of docs/interop.md. */
export default function setup(project: TestProject): void {
  project.provide("updatesDocument", project.config.snapshotOptions.updateSnapshot === "all");
}
