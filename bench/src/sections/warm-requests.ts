import { ContenderProcesses } from "../in-process/contender-processes.js";
import type { Measured } from "../in-process/task.js";
import { alternate, type Rounds } from "../measure/rounds.js";
import { median, pairedRatio } from "../measure/statistics.js";
import { figure, middleHalf, times } from "../report/figures.js";
import type { Run, Section } from "../report/section.js";

/** At least so many times `undici.fetch`. */
const TARGET = 1.2;
const CALLS_PER_LANE = 10;

interface Client {
  readonly name: string;
  readonly file: string;
}

const OURS: Client = { name: "@mtls-pop/core, bound fetch", file: "call-pop-fetch.js" };
const REFERENCE: Client = { name: "undici.request", file: "call-undici-request.js" };
const TO_BEAT: Client = { name: "undici.fetch", file: "call-undici-fetch.js" };
const CLIENTS: readonly Client[] = [
  OURS,
  REFERENCE,
  TO_BEAT,
  { name: "global fetch with dispatcher", file: "call-global-fetch.js" },
  { name: "node:https by hand", file: "call-https.js" },
];

/** How fast requests go over connections that are there already, one after the other and side by side. */
export async function warmRequests({ servers, settings, progress }: Run): Promise<readonly Section[]> {
  const { inProcessRounds, timeMs } = settings;
  await using processes = await ContenderProcesses.start(CLIENTS, servers.surroundings);
  const sections: Section[] = [];
  for (const lanes of [1, 16]) {
    const how = lanes === 1 ? "one after the other" : `${lanes} at a time`;
    const onRound = progress.rounds(`warm requests, ${how}`);
    const rounds = await alternate(CLIENTS, { rounds: inProcessRounds, onRound }, (client) =>
      processes.of(client).measure({ spread: 1, lanes, callsPerLane: CALLS_PER_LANE, timeMs }),
    );
    sections.push(section(how, rounds));
  }
  return sections;
}

function section(how: string, rounds: Rounds<Client, Measured>): Section {
  const perSecond = (client: Client) => rounds.of(client).map((measured) => measured.perSecond);
  const cpuPerCallUs = (client: Client) => rounds.of(client).map((measured) => measured.cpuPerCallUs);
  const ratio = pairedRatio(perSecond(OURS), perSecond(TO_BEAT));
  return {
    title: `Warm requests, ${how}`,
    about:
      "GET requests a second over kept-alive mutual TLS to a resource that does next to nothing, the body read as text; and the processor time that a call takes of the client's process, in microseconds.",
    columns: ["Client", "A second", "Middle half", `To ${REFERENCE.name}`, `To ${TO_BEAT.name}`, "Processor, µs"],
    rows: CLIENTS.map((client) => [
      client.name,
      figure(median(perSecond(client))),
      middleHalf(perSecond(client)),
      times(pairedRatio(perSecond(client), perSecond(REFERENCE))),
      times(pairedRatio(perSecond(client), perSecond(TO_BEAT))),
      figure(median(cpuPerCallUs(client))),
    ]),
    verdicts: [
      { target: `Bound fetch, ${how}: at least ${TARGET} × ${TO_BEAT.name}`, found: times(ratio), met: ratio >= TARGET, isFact: false },
    ],
  };
}
