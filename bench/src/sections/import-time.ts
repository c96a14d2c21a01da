import { createRequire } from "node:module";
import { timeToFirstWord } from "../measure/cold-process.js";
import { alternate } from "../measure/rounds.js";
import { median, pairedDifference } from "../measure/statistics.js";
import { figure, middleHalf } from "../report/figures.js";
import type { Run, Section } from "../report/section.js";

const ESM = new URL("../cold/import-module.js", import.meta.url);
const CJS = new URL("../../cjs/import-module.cjs", import.meta.url);

// jose is no dependency of the bench; the emulator has it
const jose = createRequire(import.meta.resolve("@mtls-pop/emulator")).resolve("jose");

/** A program that imports one module. */
interface Import {
  readonly name: string;
  readonly program: URL;
  readonly module: string;
  /** The one that imports none. */
  readonly bare?: Import;
}

const BARE_ESM: Import = { name: "node alone, ES modules", program: ESM, module: "" };
const BARE_CJS: Import = { name: "node alone, CommonJS", program: CJS, module: "" };

const IMPORTS: readonly Import[] = [
  BARE_ESM,
  { name: "node:https", program: ESM, module: "node:https", bare: BARE_ESM },
  { name: "@mtls-pop/core", program: ESM, module: "@mtls-pop/core", bare: BARE_ESM },
  { name: "jose", program: ESM, module: jose, bare: BARE_ESM },
  { name: "undici", program: ESM, module: "undici", bare: BARE_ESM },
  { name: "@azure/msal-node", program: ESM, module: "@azure/msal-node", bare: BARE_ESM },
  { name: "@azure/identity", program: ESM, module: "@azure/identity", bare: BARE_ESM },
  BARE_CJS,
  { name: "@mtls-pop/core, required", program: CJS, module: "@mtls-pop/core", bare: BARE_CJS },
  { name: "@azure/msal-node, required", program: CJS, module: "@azure/msal-node", bare: BARE_CJS },
];

/** What the import alone costs a process that starts. */
export async function importTime({ settings, progress }: Run): Promise<Section> {
  const onRound = progress.rounds("import time");
  const rounds = await alternate(IMPORTS, { rounds: settings.processRounds, onRound }, ({ program, module }) =>
    timeToFirstWord(program, module, "imported"),
  );
  return {
    title: "Import time",
    about: "Milliseconds from the start of a process until the module is loaded; the last column is what it adds to node alone.",
    columns: ["Module", "Median", "Middle half", "Over node alone"],
    rows: IMPORTS.map((one) => {
      const over = one.bare ? figure(pairedDifference(rounds.of(one), rounds.of(one.bare))) : "";
      return [one.name, figure(median(rounds.of(one))), middleHalf(rounds.of(one)), over];
    }),
    verdicts: [],
  };
}
