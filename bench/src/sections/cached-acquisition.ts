import { ContenderProcesses } from "../in-process/contender-processes.js";
import { alternate, type Rounds } from "../measure/rounds.js";
import { median, pairedRatio } from "../measure/statistics.js";
import { figure, middleHalf, times } from "../report/figures.js";
import type { Run, Section, Verdict } from "../report/section.js";

/** At least so many times msal-node. */
const TARGET = 30;

interface Library {
  readonly name: string;
  readonly file: string;
  /** In one sample: so many that reading the clock does not count, and so few that there are many samples. */
  readonly calls: { readonly oneEntry: number; readonly allEntries: number };
}

const OURS: Library = { name: "@mtls-pop/core", file: "acquire-core.js", calls: { oneEntry: 1000, allEntries: 1000 } };
const TO_BEAT: Library = { name: "@azure/msal-node", file: "acquire-msal-node.js", calls: { oneEntry: 20, allEntries: 1 } };
const LIBRARIES = [OURS, TO_BEAT, { name: "@azure/identity", file: "acquire-identity.js", calls: { oneEntry: 20, allEntries: 1 } }];

/** How fast a token comes out of the cache. */
export async function cachedAcquisition(run: Run): Promise<Section> {
  const { entries } = run.settings;
  await using processes = await ContenderProcesses.start(LIBRARIES, run.servers.surroundings);
  const one = await measureWith(1, "oneEntry", processes, run);
  const all = await measureWith(entries, "allEntries", processes, run);
  return {
    title: "Cached acquisition",
    about: `Operations a second, one after the other: with one token in the cache, and with ${entries}, each asked for in turn.`,
    columns: ["Library", "1 entry", "Middle half", "To msal-node", `${entries} entries`, "Middle half", "To msal-node"],
    rows: LIBRARIES.map((library) => [library.name, ...cells(library, one), ...cells(library, all)]),
    verdicts: [verdict("1 entry", one), verdict(`${entries} entries`, all)],
  };
}

async function measureWith(
  entries: number,
  calls: keyof Library["calls"],
  processes: ContenderProcesses<Library>,
  { settings, progress }: Run,
): Promise<Rounds<Library, number>> {
  const what = `cached acquisition, ${entries} in the cache`;
  for (const library of LIBRARIES) {
    progress.begin(`${what}: filling that of ${library.name}`);
    await processes.of(library).fill(entries);
  }
  const { inProcessRounds, timeMs } = settings;
  return alternate(LIBRARIES, { rounds: inProcessRounds, onRound: progress.rounds(what) }, async (library) => {
    const measurement = { spread: entries, lanes: 1, callsPerLane: library.calls[calls], timeMs };
    return (await processes.of(library).measure(measurement)).perSecond;
  });
}

function cells(library: Library, rounds: Rounds<Library, number>): string[] {
  const values = rounds.of(library);
  return [figure(median(values)), middleHalf(values), times(pairedRatio(values, rounds.of(TO_BEAT)))];
}

function verdict(what: string, rounds: Rounds<Library, number>): Verdict {
  const ratio = pairedRatio(rounds.of(OURS), rounds.of(TO_BEAT));
  return {
    target: `Cached acquisition, ${what}: at least ${TARGET} × msal-node`,
    found: times(ratio),
    met: ratio >= TARGET,
    isFact: false,
  };
}
