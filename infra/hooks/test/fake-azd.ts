import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** What the program keeps. */
export interface AzdState {
  version: string;
  loggedIn: boolean;
  /** Never ends by itself. */
  hangs?: boolean;
  /** By scope; `{tenant}` becomes the tenant that was asked for, or `home`. */
  tokens: Record<string, string>;
  /** What `azd env set` has written. */
  values: Record<string, string>;
  /** Every call's arguments. */
  calls: string[][];
}

/** As a program on PATH that answers as azd 1.2x does, for the commands that the hooks and the SDK call. */
const PROGRAM = `#!${process.execPath}
const { readFileSync, renameSync, writeFileSync } = require("node:fs");
const file = process.env.FAKE_AZD_STATE;
const state = JSON.parse(readFileSync(file, "utf8"));
const args = process.argv.slice(2);
state.calls.push(args);
const option = (name) => args[args.indexOf(name) + 1];
const end = (code, out, error) => {
  writeFileSync(file + process.pid, JSON.stringify(state));
  renameSync(file + process.pid, file);
  process.stdout.write(out);
  process.stderr.write(error);
  process.exitCode = code;
};
if (state.hangs) {
  end(0, "", "");
  setInterval(() => {}, 1000);
} else if (args[0] === "version") end(0, JSON.stringify({ azd: { version: state.version, commit: "0" } }), "");
else if (args[0] === "auth" && args[1] === "token") {
  const token = state.tokens[option("--scope")];
  if (!state.loggedIn) end(1, "", "ERROR: not logged in, run \`azd auth login\` to login\\n");
  else if (!token) end(1, "", "ERROR: no token for " + option("--scope") + "\\n");
  else {
    const tenant = args.includes("--tenant-id") ? option("--tenant-id") : "home";
    const expiresOn = new Date(Date.now() + 3600_000).toISOString();
    end(0, JSON.stringify({ token: token.replace("{tenant}", tenant), expiresOn }), "");
  }
} else if (args[0] === "env" && args[1] === "set" && option("--environment") === "dev") {
  state.values[args[2]] = args[3];
  end(0, "", "");
} else end(1, "", "ERROR: unknown command: " + args.join(" ") + "\\n");
`;

/** Puts a fake azd on PATH. */
export async function fakeAzd() {
  const folder = await mkdtemp(join(tmpdir(), "fake-azd-"));
  const file = join(folder, "state.json");
  const program = join(folder, "azd");
  await writeFile(program, PROGRAM);
  await chmod(program, 0o755);
  const path = process.env["PATH"] ?? "";
  const environment = { PATH: `${folder}${delimiter}${path}`, FAKE_AZD_STATE: file };
  Object.assign(process.env, environment);
  const read = async (): Promise<AzdState> => JSON.parse(await readFile(file, "utf8")) as AzdState;
  const set = async (changes: Partial<AzdState>): Promise<void> => writeFile(file, JSON.stringify({ ...(await read()), ...changes }));
  await writeFile(file, JSON.stringify({ version: "1.24.0", loggedIn: true, tokens: {}, values: {}, calls: [] } satisfies AzdState));
  return {
    read,
    set,
    folder,
    /** For another process. */
    environment,
    async dispose(): Promise<void> {
      process.env["PATH"] = path;
      delete process.env["FAKE_AZD_STATE"];
      await rm(folder, { recursive: true });
    },
  };
}

export type FakeAzd = Awaited<ReturnType<typeof fakeAzd>>;
