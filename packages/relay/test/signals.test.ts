import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { LONG_MS, times } from "./long-form.ts";
import { programEnvironment } from "./program-environment.ts";
import { RealPeer, until } from "./real-peer.ts";
import { v3 } from "./virtual-tunnel.ts";

const cli = fileURLToPath(new URL("../src/cli.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "udp-relay-signals-"));

interface Program {
  readonly child: ChildProcess;
  readonly port: number;
  readonly http: string;
  log(): string;
  /** What it printed. */
  out(): string;
  ended(): Promise<number | null>;
}

const programs: ChildProcess[] = [];
const peers: RealPeer[] = [];
afterEach(() => {
  for (const child of programs.splice(0)) child.kill("SIGKILL");
  for (const peer of peers.splice(0)) peer.close();
});

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}

/** @param settings with a `logFile` its lines are the log, those of the file that has the name now */
async function run(
  settings: Record<string, unknown> & { readonly logFile?: string },
): Promise<{ program: Program; configure: (s: object) => void }> {
  const port = await freePort();
  const file = join(folder, `${port}.json`);
  const configure = (more: object): void => {
    writeFileSync(
      file,
      JSON.stringify({
        host: "127.0.0.1",
        port,
        allow: ["127.0.0.0/8"],
        http: "127.0.0.1:0",
        dashboard: "off",
        refreshMs: 100,
        ...settings,
        ...more,
      }),
    );
  };
  configure({});
  const child = spawn(process.execPath, [...process.execArgv, cli, "--config", file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: programEnvironment,
  });
  programs.push(child);
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const { logFile } = settings;
  const log = (): string =>
    logFile === undefined ? errors : existsSync(logFile) ? readFileSync(logFile, "utf8") : "";
  let out = "";
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  const exit = once(child, "exit") as Promise<[number | null]>;
  await until("the program", () => log().includes("the relay is ready") || child.exitCode !== null, 20_000);
  const [, http = ""] = /"http":"([^"]+)"/.exec(log()) ?? [];
  const program = { child, port, http, log, out: () => out, ended: async () => (await exit)[0] };
  return { program, configure };
}

async function peer(id: number, program: Program): Promise<RealPeer> {
  const one = await RealPeer.open(id, program.port);
  peers.push(one);
  return one;
}

async function metric(program: Program, sample: string): Promise<number> {
  const page = await (await fetch(`http://${program.http}/metrics`)).text();
  const line = page.split("\n").find((one) => one.startsWith(`${sample} `));
  return Number(line?.split(" ")[1] ?? 0);
}

describe("signals", () => {
  it("SIGUSR2 toggles maintenance", async () => {
    const { program } = await run({});
    expect(await metric(program, "udp_relay_maintenance")).toBe(0);
    program.child.kill("SIGUSR2");
    await until("the log", () => program.log().includes('"maintenance":true'));
    expect(await metric(program, "udp_relay_maintenance")).toBe(1);
    program.child.kill("SIGUSR2");
    await until("the log", () => program.log().includes('"maintenance":false'));
    program.child.kill("SIGINT");
    expect(await program.ended()).toBe(0);
  });

  it("SIGTERM lets a drain over HTTP go on, and a second one ends it though a client is there", async () => {
    const { program } = await run({});
    const one = await peer(1, program);
    await one.send(0, 0);
    for (let tries = 0; (await metric(program, "udp_relay_clients")) < 1; tries++)
      expect(tries).toBeLessThan(100);
    const drain = await fetch(`http://${program.http}/admin/drain`, { method: "POST" });
    expect(await drain.json()).toEqual({ withinMs: 30_000 });
    const terms = (): number => program.log().split('"signal":"SIGTERM"').length - 1;
    program.child.kill("SIGTERM");
    await until("the signal", () => terms() === 1);
    const ready = await fetch(`http://${program.http}/ready`);
    expect([ready.status, await ready.text()]).toEqual([503, "draining\n"]);
    expect(await metric(program, "udp_relay_clients")).toBe(1);
    program.child.kill("SIGTERM");
    expect(await program.ended()).toBe(0);
    // Long before the thirty seconds: the client, which lives for as long, was still there.
    expect(program.out()).toMatch(/^00000001 /m);
    expect(terms()).toBe(2);
  });

  it("SIGHUP reads limits and policy again, and opens the log anew; a wrong file changes nothing", async () => {
    const logFile = join(folder, "rotated.log");
    const { program, configure } = await run({ logFile });
    const one = await peer(1, program);
    await one.send(0, 0);
    configure({ deny: ["127.0.0.1/32"], maxClients: 50, drainSeconds: 0 });
    // As logrotate does it.
    renameSync(logFile, `${logFile}.1`);
    program.child.kill("SIGHUP");
    await until("the reload", () => program.log().includes('"needRestart":["maxClients"]'));
    await one.send(0, 0);
    const denied = 'udp_relay_dropped_datagrams_total{reason="address:denied-prefix"}';
    for (let tries = 0; (await metric(program, denied)) < 1; tries++) expect(tries).toBeLessThan(50);
    expect(readFileSync(`${logFile}.1`, "utf8")).not.toContain("needRestart");
    configure({ deny: ["127.0.0.300/32"] });
    program.child.kill("SIGHUP");
    await until("the refusal", () => program.log().includes("the one in force stays"));
    await one.send(0, 0);
    for (let tries = 0; (await metric(program, denied)) < 2; tries++) expect(tries).toBeLessThan(50);
    // How long a drain may take was read again, too: not at all, though a client is there.
    const drain = await fetch(`http://${program.http}/admin/drain`, { method: "POST" });
    expect(await drain.json()).toEqual({ withinMs: 0 });
    expect(await program.ended()).toBe(0);
  });

  it(
    "THREATS 'shutdown': SIGTERM at 5,000 datagrams a second loses nothing to live clients, refuses newcomers, ends with 0",
    async () => {
      const { program } = await run({
        workers: 2,
        timeoutMs: 1_000,
        clientsPerPrefix: 50,
        pairPacketsPerSecond: 0,
      });
      const all = await Promise.all(Array.from({ length: 10 }, (_, i) => peer(i + 1, program)));
      // On a slow machine the first of them may have timed out before the last one is there.
      for (let tries = 0; (await metric(program, "udp_relay_clients")) < 10; tries++) {
        expect(tries).toBeLessThan(100);
        for (const one of all) await one.send(0, 0);
      }
      // 5,000 datagrams a second, or as fast as this machine gets; the signal comes in between.
      const total = times(10_000, 100_000);
      const startMs = performance.now();
      let sent = 0;
      let told = false;
      while (sent < total) {
        const due = Math.min(total, (performance.now() - startMs) * 5, sent + 100);
        for (; sent < due; sent++) {
          void all[sent % 10]!.sendBytes(v3((sent % 10) + 1, ((sent + 1) % 10) + 1, 20));
        }
        if (!told && sent > total / 3) {
          told = true;
          program.child.kill("SIGTERM");
          await until("the signal", () => program.log().includes('"signal":"SIGTERM"'));
          // A newcomer now: neither registered nor forwarded to client 1.
          await (await peer(99, program)).send(1, 5);
        }
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      expect(await program.ended()).toBe(0);
      // What a busy machine's kernel had no room for never was in the relay, which says so at its end.
      const [, kernelDrops = "0"] = /kernelReceive ([\d,]+)/.exec(program.out()) ?? [];
      const received = all.reduce((sum, one) => sum + one.received, 0);
      expect(received + Number(kernelDrops.replaceAll(",", ""))).toBe(sent);
    },
    LONG_MS,
  );
});

process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
