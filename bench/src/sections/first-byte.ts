import { timeToFirstWord } from "../measure/cold-process.js";
import { alternate, type Rounds } from "../measure/rounds.js";
import { median, pairedRatio } from "../measure/statistics.js";
import { figure, middleHalf, times } from "../report/figures.js";
import type { Run, Section, Verdict } from "../report/section.js";

/** At most so many times the hand-written program. */
const TARGET = 1.5;

/** A program that acquires a token and reads a resource. */
interface Program {
  readonly name: string;
  readonly url: URL;
}

const program = (name: string, file: string): Program => ({ name, url: new URL(file, import.meta.url) });

const BY_HAND = program("node:https by hand", "../cold/https-by-hand.js");
const OURS = [
  program("@mtls-pop/core, bound fetch", "../cold/core-pop-fetch.js"),
  program("@mtls-pop/core, ResourceCaller", "../cold/core-resource-caller.js"),
];
const TO_BEAT = [
  program("@azure/msal-node, CommonJS", "../../cjs/msal-node.cjs"),
  program("@azure/msal-node, ES modules", "../cold/msal-node-esm.js"),
  program("@azure/identity", "../cold/identity.js"),
];
const PROGRAMS = [BY_HAND, ...OURS, program("oauth4webapi and undici", "../cold/oauth4webapi.js"), ...TO_BEAT];

/** What a cold start comes to: a process starts, acquires a token and reads a resource. */
export async function firstByte({ servers, settings, progress }: Run): Promise<Section> {
  const surroundings = JSON.stringify(servers.surroundings);
  const onRound = progress.rounds("process start to first resource byte");
  const rounds = await alternate(PROGRAMS, { rounds: settings.processRounds, onRound }, ({ url }) =>
    timeToFirstWord(url, surroundings, "resource read"),
  );
  return {
    title: "Process start to first resource byte",
    about:
      "Milliseconds until a new process has loaded its library, acquired a token and read a small resource. msal-node and identity know no bound tokens: they take a Bearer token, without a client certificate, to a resource that checks nothing.",
    columns: ["Program", "Median", "Middle half", "To by hand"],
    rows: PROGRAMS.map((one) => [
      one.name,
      figure(median(rounds.of(one))),
      middleHalf(rounds.of(one)),
      times(pairedRatio(rounds.of(one), rounds.of(BY_HAND))),
    ]),
    verdicts: OURS.flatMap((ours) => [nearTheFloor(ours, rounds), aheadOfTheOthers(ours, rounds)]),
  };
}

function nearTheFloor(ours: Program, rounds: Rounds<Program, number>): Verdict {
  const ratio = pairedRatio(rounds.of(ours), rounds.of(BY_HAND));
  return {
    target: `First byte, ${ours.name}: at most ${TARGET} × the hand-written program`,
    found: times(ratio),
    met: ratio <= TARGET,
    isFact: false,
  };
}

function aheadOfTheOthers(ours: Program, rounds: Rounds<Program, number>): Verdict {
  const ratios = TO_BEAT.map((other) => ({ name: other.name, ratio: pairedRatio(rounds.of(ours), rounds.of(other)) }));
  return {
    target: `First byte, ${ours.name}: before every variant of msal-node and identity`,
    found: ratios.map(({ name, ratio }) => `${times(ratio)} ${name}`).join("; "),
    met: ratios.every(({ ratio }) => ratio < 1),
    isFact: false,
  };
}
