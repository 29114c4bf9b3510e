import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import type { ProxyReport } from "../../src/proxy/proxy-report.ts";
import { readProxyArguments } from "../../src/proxy/proxy-arguments.ts";
import { times } from "../long-form.ts";
import { parseOpenMetrics } from "../openmetrics-parser.ts";
import { runCli } from "../run-cli.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function echo(name: string): Promise<{ port: number; received: () => number }> {
  const socket = await open((bytes, port) =>
    socket.send(`${name} ${bytes.toString()}`, port, "127.0.0.1", () => received++),
  );
  let received = 0;
  return { port: socket.address().port, received: () => received };
}

async function open(onMessage: (bytes: Buffer, port: number) => unknown): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port }) => onMessage(bytes, port));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  closing.push(() => socket.close());
  return socket;
}

const refusal = (...args: string[]): string => {
  try {
    readProxyArguments(args);
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
};

describe("udp-relay proxy", () => {
  it("reads its arguments", () => {
    const args = [
      "--listen",
      "[::1]:53",
      "--to",
      "192.0.2.1:53=3,192.0.2.2:53",
      "--to",
      "[2001:db8::1]:53=0",
    ];
    const config = readProxyArguments([
      ...args,
      "--measure",
      "rtp",
      "--rtp-clock",
      "96=48000",
      "--probe",
      "hex:00ff",
    ]);
    expect(config).toMatchObject({ maxSessions: 10_000, idleTimeoutMs: 60_000, rtpClock: { 96: 48_000 } });
    expect(config!.to.map(({ weight }) => weight)).toEqual([3, 1, 0]);
    expect([...config!.probe!]).toEqual([0, 255]);
  });

  it.each([
    [["--to", "192.0.2.1:53"], "--listen is missing, allowed: ADDRESS:PORT"],
    [["--listen", "nowhere"], '--listen is "nowhere", allowed: ADDRESS:PORT'],
    [
      ["--listen", "127.0.0.1:1", "--to", "192.0.2.1:5", "--to", "a:1"],
      '--to is "a:1", allowed: ADDRESS:PORT or ADDRESS:PORT=WEIGHT',
    ],
    [["--listen", "127.0.0.1:1", "--to", "192.0.2.1:0"], '--to is "192.0.2.1:0", allowed'],
    [
      ["--listen", "127.0.0.1:1", "--max-sessions", "1e3"],
      '--max-sessions is "1e3", allowed: an integer from 1 to',
    ],
    [
      ["--listen", "127.0.0.1:1", "--prefix-packets-per-second", "-1"],
      '--prefix-packets-per-second is "-1", allowed: an integer from 0 to 1000000; default 16 times --packets-per-second',
    ],
    [["--listen", "127.0.0.1:1", "--probe", "hex:0"], '--probe is "hex:0", allowed: text, or hex:'],
    [["--listen", "127.0.0.1:1", "--probe-expect", "x"], "--probe-expect needs --probe"],
    [["--listen", "127.0.0.1:1", "--probe-timeout-ms", "2000"], "at most --probe-interval-ms"],
    [
      ["--listen", "127.0.0.1:1", "--watch-rtt", "50:50"],
      '--watch-rtt is "50:50", allowed: ENTER:LEAVE, milli',
    ],
    [["--listen", "127.0.0.1:1", "--http", "all"], '--http is "all", allowed: off, a port (on 127.0.0.1)'],
    [["--listen", "127.0.0.1:1", "--wat"], "unknown option '--wat'"],
  ])("refuses %j in one sentence", (args, words) => {
    expect(refusal(...args)).toContain(words);
    expect(refusal(...args)).not.toContain("\n");
  });

  it("ends with code 2 without a backend, for a bad prefix, a taken port, and itself as its backend", async () => {
    const { port } = await echo("taken");
    const probe = createSocket("udp4");
    await new Promise<void>((resolve) => probe.bind(0, "127.0.0.1", resolve));
    const free = probe.address().port;
    await new Promise<void>((resolve) => probe.close(resolve));
    const runs = await Promise.all([
      runCli(["proxy", "--listen", "127.0.0.1:0"]),
      runCli(["proxy", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:9", "--allow", "300.0.0.0/8"]),
      runCli(["proxy", "--listen", `127.0.0.1:${port}`, "--to", "127.0.0.1:9"]),
      runCli(["proxy", "--listen", `127.0.0.1:${free}`, "--to", `127.0.0.1:${free}`]),
    ]);
    expect(runs.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
    expect(runs[3].stderr).toBe(`udp-relay: the backend 127.0.0.1:${free} is this proxy itself\n`);
    expect(runs[0].stderr).toBe("udp-relay: there is no backend: --to names one\n");
    expect(runs[1].stderr).toContain("300.0.0.0/8");
    expect(runs[2].stderr).toContain("cannot bind 127.0.0.1");
    for (const { stderr } of runs) expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it.skipIf(process.platform === "win32").each(times(0, 1) === 0 ? [2] : [0, 2])(
    "with %i worker threads (Linux only) reads its backends again on SIGHUP without losing a session, and opens its log anew, drains on SIGTERM, reports in JSON",
    async (workers) => {
      const [first, second] = [await echo("first"), await echo("second")];
      const folder = mkdtempSync(join(tmpdir(), "udp-relay-proxy-"));
      closing.push(() => rmSync(folder, { recursive: true }));
      const file = join(folder, "backends");
      writeFileSync(file, `127.0.0.1:${first.port} # the only one\n`);
      const log = join(folder, "log");
      const program = fileURLToPath(new URL("../../src/cli.ts", import.meta.url));
      const flags = ["--listen", "127.0.0.1:0", "--allow", "127.0.0.0/8", "--backends-file", file, "--json"];
      flags.push("--workers", `${workers}`);
      const child = spawn(
        process.execPath,
        [
          "--conditions=@udp-relay/source",
          program,
          "proxy",
          ...flags,
          "--log-file",
          log,
          "--idle-timeout-ms",
          "2000",
          "--http",
          "127.0.0.1:0",
        ],
        { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NODE_OPTIONS: "" } },
      );
      closing.push(() => child.kill("SIGKILL"));
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      const until = async (condition: () => boolean): Promise<void> => {
        // On a machine that does much else a program and its threads take long to start.
        for (let n = 0; n < 4_000 && !condition(); n++)
          await new Promise((resolve) => setTimeout(resolve, 10));
        expect(condition()).toBe(true);
      };
      await until(() => /127\.0\.0\.1:\d+ /.test(stderr));
      const port = Number(/127\.0\.0\.1:(\d+) /.exec(stderr)![1]);
      const OLD = 5;
      const NEW = 3;
      const heard: string[][] = Array.from({ length: OLD + NEW }, () => []);
      const clients = await Promise.all(heard.map((own) => open((bytes) => own.push(bytes.toString()))));
      const ask = async (client: number, text: string, answer: string): Promise<void> => {
        clients[client]!.send(text, port, "127.0.0.1");
        await until(() => heard[client]!.includes(answer));
      };
      await until(() => readFileSync(log, "utf8").includes('"http":'));
      const operators = /"http":"([\d.:]+)"/.exec(readFileSync(log, "utf8"))![1]!;
      const get = async (path: string): Promise<string> => (await fetch(`http://${operators}${path}`)).text();
      const { samples } = parseOpenMetrics(await get("/metrics"));
      expect(samples.get("udp_relay_proxy_sessions")).toBe(0);
      expect(samples.get(`udp_relay_proxy_backend_up{backend="127.0.0.1:${first.port}"}`)).toBe(1);
      expect(await get("/ready")).toBe("ready\n");
      // Newcomers one after the other: of two that join at once one may be refused, and has to try again.
      for (let client = 0; client < OLD; client++) await ask(client, "one", "first one");
      const askOld = (text: string): Promise<unknown> =>
        Promise.all(clients.slice(0, OLD).map((_, client) => ask(client, text, `first ${text}`)));
      writeFileSync(file, `127.0.0.1:${second.port}\n`);
      // As logrotate does it.
      renameSync(log, `${log}.1`);
      child.kill("SIGHUP");
      await until(
        () => existsSync(log) && readFileSync(log, "utf8").includes("the backends were read again"),
      );
      expect(readFileSync(`${log}.1`, "utf8")).not.toContain("the backends were read again");
      // Every worker is asked: whoever answers has heard of the other list.
      expect(JSON.parse(await get("/clients"))).toHaveLength(OLD);
      await askOld("two");
      for (let client = OLD; client < OLD + NEW; client++) await ask(client, "three", "second three");
      child.kill("SIGTERM");
      await askOld("four");
      const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
      expect(code).toBe(0);
      const report = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as ProxyReport;
      const [opened, asked] = [OLD + NEW, 3 * OLD + NEW];
      expect(report).toMatchObject({ sessions: 0, counts: { opened, expired: opened, failed: 0, moved: 0 } });
      expect(report.transport.receivedDatagrams).toBe(asked);
      expect(report.workers).toHaveLength(process.platform === "linux" ? workers : 0);
      // Where one epoll set drives the sessions' sockets they are counted, too.
      if (report.upstreams !== null) {
        expect(report.upstreams).toMatchObject({
          receivedDatagrams: asked,
          sentDatagrams: asked,
          kernelDropsKnown: true,
        });
      }
    },
    90_000,
  );
});
