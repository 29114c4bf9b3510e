import type { RelayReport } from "@udp-relay/relay";
import type { MemoryFigures } from "./soak-messages.ts";

const MIB = 1_048_576;

export interface Figures {
  readonly seconds: number;
  readonly clients: number;
  /** Datagrams that players and fuzzer gave to their sockets. */
  readonly sent: number;
  readonly hostile: number;
  readonly received: number;
  /** What each player that is there has received, by id. */
  readonly living: ReadonlyMap<number, number>;
  readonly left: number;
  readonly kills: number;
  /** From each killed worker's end until its successor relayed. */
  readonly restartsMs: readonly number[];
  /** Times that 5 s passed and nobody received anything. */
  readonly stuck: number;
  readonly third: MemoryFigures;
  readonly end: MemoryFigures;
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0);

/** Whole milliseconds; 0 where there are none. */
function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0);
}

/** Of `sent` datagrams, those that the relay neither received nor dropped before it could. */
export function unexplainedIn({ received, socketDropped }: RelayReport, sent: number): number {
  const before = ["kernelReceive", "truncated", "portZero"].reduce(
    (sum, name) => sum + (socketDropped[name] ?? 0),
    0,
  );
  return sent - received - before;
}

/** The figures of a soak, each with its promise. */
export function judge(report: RelayReport, figures: Figures): { lines: string[]; failed: boolean } {
  const { sent, hostile, received, living, end, third } = figures;
  const { socketDropped, dropped, workers } = report;
  const lostIn = unexplainedIn(report, sent + hostile);
  const consumed = total(report.consumed);
  const accounts = report.received - report.forwarded - consumed - total(dropped);
  // What the relay sent to ids whose players are there, against what those have.
  let unexplainedOut = -[...living.values()].reduce((a, b) => a + b, 0);
  for (const { id, packetsSent } of report.clients) if (living.has(id)) unexplainedOut += packetsSent;
  const workerDied = dropped.workerDied ?? 0;
  const restarts = workers.reduce((sum, worker) => sum + worker.restarts, 0);
  const growth = (name: keyof MemoryFigures): number => (end[name] - third[name]) / MIB;
  const checks: readonly [string, boolean][] = [
    [`sent to the relay and neither received nor dropped by its sockets: ${lostIn}`, lostIn === 0],
    [`received and neither forwarded, consumed nor dropped: ${accounts}`, accounts === 0],
    // A killed worker's batch may have been counted for its receiver, and not sent.
    [
      `forwarded to living clients and not there: ${unexplainedOut} (workerDied ${workerDied})`,
      Math.abs(unexplainedOut) <= workerDied,
    ],
    [`stuck: ${figures.stuck}`, figures.stuck === 0],
    [
      `workers killed ${figures.kills}, restarted ${restarts}, running ${workers.filter(({ state }) => state === "running").length} of ${workers.length}`,
      restarts === figures.kills && workers.every(({ state }) => state === "running"),
    ],
    // Half of them: a single one may have waited for whatever else the machine does.
    [
      `a successor relays after ${quantile(figures.restartsMs, 0)} ms at least, ${quantile(figures.restartsMs, 0.5)} (median), ${quantile(figures.restartsMs, 1)} at most`,
      quantile(figures.restartsMs, 0.5) < 1_000,
    ],
    [`heap ${growth("heapUsed").toFixed(2)} MiB since one third`, growth("heapUsed") <= 1],
    [`external ${growth("external").toFixed(2)} MiB`, growth("external") <= 1],
    [`array buffers ${growth("arrayBuffers").toFixed(2)} MiB`, growth("arrayBuffers") <= 1],
    [`RSS ${growth("rss").toFixed(2)} MiB (now ${(end.rss / MIB).toFixed(0)} MiB)`, growth("rss") <= 8],
  ];
  const shown = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, n]) => `${name} ${n}`)
      .join(", ") || "none";
  const lines = [
    `${figures.seconds.toFixed(1)} s, ${figures.clients} clients over ${workers[0]?.transport ?? "?"}, ${figures.left} left and came back as others, ${sent} datagrams of players (${Math.round(sent / figures.seconds)}/s), ${hostile} hostile`,
    `players received ${received}; the relay dropped: ${shown(dropped)}; sockets dropped: ${shown(socketDropped)}`,
    ...checks.map(([text, holds]) => `${holds ? "ok  " : "FAIL"} ${text}`),
  ];
  return { lines, failed: checks.some(([, holds]) => !holds) };
}
