import { existsSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { APACHE } from "../apache.js";
import { HAPROXY } from "../haproxy.js";
import { NGINX } from "../nginx.js";
import { type Program, type ProgramSettings, startProgram } from "../server-program.js";
import { SQUID } from "../squid.js";

/** Node stands for a server: it is on every machine that runs the tests. */
const NODE: Program = { name: "a stand-in", command: "node", debianPackage: "nodejs" };

function standIn(script: string): ProgramSettings {
  return { ports: 1, files: (_folder, [port]) => ({ "server.cjs": `const port = ${port};\n${script}` }), parameters: () => ["server.cjs"] };
}

describe("a program that the servers are", () => {
  it.each([APACHE, NGINX, HAPROXY, SQUID])("is missed by the name of its Debian package: $name", async (program) => {
    const missing = { ...program, command: `${program.command}-that-is-not-there` };
    await expect(startProgram(missing, standIn(""))).rejects.toThrow(
      `This suite needs ${program.name}, but there is no \`${missing.command}\`. Install Debian's package \`${program.debianPackage}\`.`,
    );
  });

  it("that does not start fails with what it says itself", async () => {
    const settings = standIn('console.error("a broken configuration"); process.exit(3);');
    await expect(startProgram(NODE, settings)).rejects.toThrow(
      /a stand-in does not take connections: .*ended with 3.*\na broken configuration/,
    );
  });

  it("takes connections when it is handed out, and neither it nor its folder stays after close()", async () => {
    const program = await startProgram(NODE, standIn('require("node:net").createServer((s) => s.end()).listen(port, "127.0.0.1");'));
    expect(await connects(program.ports[0])).toBe(true);
    expect(existsSync(program.folder)).toBe(true);
    await program.close();
    expect(await connects(program.ports[0])).toBe(false);
    expect(existsSync(program.folder)).toBe(false);
  });

  it("has a folder of its own as the user that it runs as, which is another one where root starts it", async () => {
    const script = 'require("node:fs").writeFileSync("uid", String(process.getuid()));';
    const listens = 'require("node:net").createServer((s) => s.end()).listen(port, "127.0.0.1");';
    const program = await startProgram(NODE, { ...standIn(`${script} ${listens}`), user: "proxy" });
    const [owner, uid] = [statSync(program.folder).uid, Number(readFileSync(join(program.folder, "uid"), "utf8"))];
    await program.close();
    expect(uid).toBe(owner);
    expect(uid === 0).toBe(false);
    expect(uid === process.getuid?.()).toBe(process.getuid?.() !== 0);
  });

  it("that finds its port taken gets another one", async () => {
    // the first attempt ends as a server does whose port was taken meanwhile
    const ports: number[] = [];
    const settings = standIn('require("node:net").createServer((s) => s.end()).listen(port, "127.0.0.1");');
    const program = await startProgram(NODE, {
      ...settings,
      files: (folder, given) => {
        ports.push(...given);
        const taken = 'console.error("Address already in use"); process.exit(1);';
        return ports.length === 1 ? { "server.cjs": taken } : settings.files(folder, given);
      },
    });
    expect(ports).toHaveLength(2);
    expect(program.ports).toEqual(ports.slice(1));
    await program.close();
  });
});

function connects(port = 0): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.destroy());
    socket.once("error", () => resolve(false));
    socket.once("connect", () => resolve(true));
  });
}
