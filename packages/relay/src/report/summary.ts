import type { PlayerReport } from "../demo/demo-plan.ts";
import { clientTable } from "../dashboard/client-table.ts";
import { count, duration } from "./quantities.ts";
import type { RelayReport } from "./relay-report.ts";

/** What the demo's players counted, added up. */
interface PlayerTotals {
  readonly sent: number;
  readonly received: number;
  readonly pongs: number;
  readonly lostOnLinks: number;
}

function playerTotals(players: readonly PlayerReport[]): PlayerTotals {
  const sum = (of: (player: PlayerReport) => number): number =>
    players.reduce((total, player) => total + of(player), 0);
  return {
    sent: sum(({ sent }) => sent),
    received: sum(({ received }) => received),
    pongs: sum(({ pongs }) => pongs),
    lostOnLinks: sum(({ link }) => link?.lost ?? 0),
  };
}

/** The report as one JSON object on one line; `players` only where there was a demo. */
export function jsonReport(report: RelayReport, players: readonly PlayerReport[] | undefined): string {
  return JSON.stringify(
    players === undefined ? report : { ...report, players, playerTotals: playerTotals(players) },
  );
}

/** What a person reads when the relay has ended. */
export function summaryLines(report: RelayReport, players: readonly PlayerReport[] | undefined): string[] {
  const drops = Object.entries({ ...report.socketDropped, ...report.dropped });
  const { registrations, pings, commands } = report.consumed;
  const lines = [
    ...clientTable(report.clients, 100),
    "",
    `${duration(report.durationMs)}: received ${count(report.received)} datagrams, forwarded ${count(report.forwarded)}, ` +
      `${count(registrations)} registrations, ${count(pings)} pings, ${count(commands)} commands`,
    drops.length === 0
      ? "dropped: none"
      : `dropped: ${drops.map(([reason, n]) => `${reason} ${count(n)}`).join(", ")}`,
  ];
  if (report.threadsRefused !== null) lines.push(`no worker threads: ${report.threadsRefused}`);
  if (players === undefined) return lines;
  const totals = playerTotals(players);
  return [
    ...lines,
    `players: sent ${count(totals.sent)}, received ${count(totals.received)} and ${count(totals.pongs)} pongs; ` +
      `their bad links lost ${count(totals.lostOnLinks)}`,
  ];
}
