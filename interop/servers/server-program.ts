import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

/** A server of Debian's. */
export interface Program {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly debianPackage: string;
}

/** What a program is started with; it has to stay in the foreground. */
export interface ProgramSettings {
  /** How many ports of loopback it listens on. */
  readonly ports: number;
  /** Its files by name; they are readable by their owner alone, since keys are among them. */
  readonly files: (folder: string, ports: readonly number[]) => Readonly<Record<string, string>>;
  readonly parameters: (folder: string) => readonly string[];
  /** Who it runs as, and owns its folder, where root starts it: for a program that does not run as root. @default whoever starts it */
  readonly user?: string;
}

/** A program that takes connections. */
export interface RunningProgram {
  readonly ports: readonly number[];
  /** Its own temporary folder. */
  readonly folder: string;
  /** Ends it, and waits for that. */
  close(): Promise<void>;
}

const READY_WITHIN_MS = 15_000;
const POLL_MS = 10;
/** A port that was free may be somebody else's a moment later. */
const ATTEMPTS = 3;
/** Where servers are, also for a user whose PATH has it not. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * Starts a program on free ports, with a configuration of its own, and waits until it takes connections.
 *
 * @throws {Error} when it is not installed, or does not start: with what it says itself
 */
export async function startProgram(program: Program, settings: ProgramSettings): Promise<RunningProgram> {
  const executable = locate(program);
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(executable, program, settings);
    } catch (error) {
      if (attempt === ATTEMPTS || !/address (already )?in use/i.test(String(error))) throw error;
    }
  }
}

function locate({ name, command, debianPackage }: Program): string {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  const executable = folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
  if (executable !== undefined) return executable;
  throw new Error(`This suite needs ${name}, but there is no \`${command}\`. Install Debian's package \`${debianPackage}\`.`);
}

async function start(executable: string, program: Program, settings: ProgramSettings): Promise<RunningProgram> {
  const ports = await freePorts(settings.ports);
  const owner = settings.user !== undefined && process.getuid?.() === 0 ? await idsOf(settings.user) : undefined;
  const folder = await mkdtemp(join(tmpdir(), `mtls-pop-${program.command}-`));
  if (owner) await chown(folder, owner.uid, owner.gid);
  for (const [name, content] of Object.entries(settings.files(folder, ports))) {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    if (owner) await chown(join(folder, name), owner.uid, owner.gid);
  }
  const child = spawn(executable, settings.parameters(folder), { cwd: folder, stdio: ["ignore", "pipe", "pipe"], ...owner });
  // a test run that ends before its time leaves nothing behind
  const onExit = () => child.kill("SIGTERM");
  process.once("exit", onExit);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  const close = async () => {
    await end(child);
    process.off("exit", onExit);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const deadline = Date.now() + READY_WITHIN_MS;
    for (const port of ports) await ready(child, port, deadline);
  } catch (error) {
    await close();
    throw new Error(`${program.name} does not take connections: ${error}\n${said}`, { cause: error });
  }
  return { ports, folder, close };
}

async function idsOf(user: string): Promise<{ uid: number; gid: number }> {
  const id = async (which: "-u" | "-g") => Number((await promisify(execFile)("id", [which, user])).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}

async function ready(child: ChildProcess, port: number, deadline: number): Promise<void> {
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}.`);
    if (Date.now() > deadline) throw new Error(`nothing listens on port ${port} after ${READY_WITHIN_MS} ms.`);
    await pause(POLL_MS);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

async function freePorts(count: number): Promise<number[]> {
  const holders = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(holders.map((holder) => once(holder, "listening")));
  const ports = holders.map((holder) => {
    const address = holder.address();
    if (typeof address !== "object" || address === null) throw new Error("The socket has no port.");
    return address.port;
  });
  await Promise.all(holders.map((holder) => once(holder.close(), "close")));
  return ports;
}
