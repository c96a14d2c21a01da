import { ContenderProcess } from "../in-process/contender-process.js";
import type { Run, Section } from "../report/section.js";

const CALLERS = 100;

const OURS = { name: "@mtls-pop/core", file: "acquire-core.js" };
const LIBRARIES = [
  OURS,
  { name: "@azure/msal-node", file: "acquire-msal-node.js" },
  { name: "@azure/identity", file: "acquire-identity.js" },
];

/** How often the token endpoint is asked when many want the same token at once and none has it. */
export async function coldCallers({ servers, progress }: Run): Promise<Section> {
  const counts = new Map<object, number>();
  for (const library of LIBRARIES) {
    progress.begin(`token requests of ${CALLERS} callers: ${library.name}`);
    await using contender = await ContenderProcess.start(library.file, servers.surroundings);
    // those that came before do not count
    await servers.tokenRequests();
    await contender.burst(Array.from({ length: CALLERS }, () => 0));
    counts.set(library, await servers.tokenRequests());
  }
  const ours = counts.get(OURS);
  return {
    title: `Token requests of ${CALLERS} callers at once`,
    about: "How many requests reach the token endpoint when the cache is empty and all want the same token: a count, no time.",
    columns: ["Library", "Token requests"],
    rows: LIBRARIES.map((library) => [library.name, String(counts.get(library))]),
    verdicts: [{ target: `${CALLERS} cold callers: exactly 1 token request`, found: String(ours), met: ours === 1, isFact: true }],
  };
}
