import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, freePorts, mustRun, needs, pause, run, type Running, start, until } from "./program.ts";
import { lostBy, startProxy } from "./proxy-process.ts";

const NAMES = 50;
const DNSPERF_SECONDS = 4;
const QUERIES_PER_SECOND = 1_000;
const CLIENTS = 40;
/** Of 91 that draw from 28,000 ports: one pair in seven runs, five pairs never. */
const SAME_PORTS = 4;

const nameOf = (n: number): string => `host${n}.example.test`;
const addressOf = (n: number): string => `192.0.2.${n}`;

/** dig and dnsperf against two dnsmasq behind the proxy, which probes them with a query. */
export async function dns(): Promise<string> {
  needs("dnsmasq", "dig", "dnsperf");
  const folder = mkdtempSync(join(tmpdir(), "udp-relay-dns-"));
  const servers: Running[] = [];
  try {
    const ports = [await freePorts(), await freePorts()];
    for (const port of ports) servers.push(startServer(port));
    for (const port of ports)
      await until("a name server answers", async () => (await ask(port, 1)) === addressOf(1));
    // Asks for the root's name servers, with the id 1.
    const probe = ["--probe", "hex:0001010000010000000000000000020001", "--probe-expect", "hex:0001"];
    const proxy = await startProxy(
      "127.0.0.1:0",
      ports.map((port) => `127.0.0.1:${port}`),
      [...probe, "--idle-timeout-ms", "20000"],
    );
    for (let n = 1; n <= NAMES; n++) {
      const answer = await ask(proxy.port, n);
      expect(answer === addressOf(n), `dig: ${nameOf(n)} is ${answer}, not ${addressOf(n)}`);
    }
    const large = await mustRun("dig", [...target(proxy.port), "+bufsize=4096", "TXT", "large.example.test"]);
    expect(large.trim().length > 2_000, `dig: a large answer came with ${large.trim().length} characters`);
    const queries = join(folder, "queries");
    writeFileSync(queries, Array.from({ length: NAMES }, (_, i) => `${nameOf(i + 1)} A\n`).join(""));
    const said = await mustRun("dnsperf", [
      ...["-s", "127.0.0.1", "-p", `${proxy.port}`, "-d", queries],
      ...["-l", `${DNSPERF_SECONDS}`, "-Q", `${QUERIES_PER_SECOND}`, "-c", `${CLIENTS}`],
    ]);
    const sent = figure(said, /Queries sent:\s+(\d+)/);
    const lost = figure(said, /Queries lost:\s+(\d+)/);
    const fine = figure(said, /NOERROR (\d+)/);
    await pause(200);
    const report = await proxy.stop();
    expect(lost === 0 && fine === sent, `dnsperf: ${sent} sent, ${lost} lost, ${fine} NOERROR`);
    expect(lostBy(report) === undefined, `the proxy dropped: ${lostBy(report)}`);
    // Of those that come one after the other some may be given a port that another had, and its session.
    const clients = NAMES + 1 + CLIENTS;
    const { opened } = report.counts;
    expect(opened <= clients && opened >= clients - SAME_PORTS, `${opened} sessions were opened`);
    const [first, second] = report.backends;
    expect(first!.state === "up" && second!.state === "up", "a name server counts as down");
    const shared = Math.min(first!.sessionsTotal, second!.sessionsTotal);
    expect(shared >= (NAMES + CLIENTS) / 4, `one of two name servers had ${shared} sessions`);
    return `dig ${NAMES} names and ${large.trim().length} bytes of text right; dnsperf ${sent} sent, ${lost} lost; ${opened} sessions on 2 servers`;
  } finally {
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true });
  }
}

function startServer(port: number): Running {
  const records = Array.from(
    { length: NAMES },
    (_, i) => `--host-record=${nameOf(i + 1)},${addressOf(i + 1)}`,
  );
  const large = Array.from({ length: 10 }, (_, i) => `--txt-record=large.example.test,${`${i}`.repeat(230)}`);
  return start("dnsmasq", [
    ...["--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--local=/test/", "--user=root"],
    ...[
      "--listen-address=127.0.0.1",
      "--bind-interfaces",
      `--port=${port}`,
      "--edns-packet-max=4096",
      "--pid-file=",
    ],
    ...records,
    ...large,
  ]);
}

const target = (port: number): string[] => ["@127.0.0.1", "-p", `${port}`, "+tries=1", "+time=3", "+short"];

async function ask(port: number, n: number): Promise<string> {
  return (await run("dig", [...target(port), nameOf(n)])).stdout.trim();
}

function figure(text: string, pattern: RegExp): number {
  const [, digits] = pattern.exec(text) ?? [];
  expect(digits !== undefined, `dnsperf did not say ${pattern.source}: ${text.slice(-800)}`);
  return Number(digits);
}
