import type { ClientReport, RelayReport } from "../report/relay-report.ts";

/** Points that are kept of the whole relay: more than any terminal has columns. */
const RELAY_POINTS = 400;
/** Points that are kept of one client. */
const CLIENT_POINTS = 60;
/** With more clients than these none has a history: nobody looks at so many, and each report would pay for all. */
const MOST_CLIENTS = 1_000;

/** What changed from report to report, newest last: what sparklines are drawn of. */
export class RateHistory {
  readonly bytesPerSecondIn: number[] = [];
  readonly bytesPerSecondOut: number[] = [];
  readonly datagramsPerSecond: number[] = [];
  /** Of each worker by its index, 0..1. */
  readonly loads: number[][] = [];
  #clients = new Map<string, number[]>();
  #previous: RelayReport | undefined;

  add(report: RelayReport): void {
    const previous = this.#previous;
    this.#previous = report;
    if (previous === undefined) return;
    const seconds = Math.max(1e-3, (report.durationMs - previous.durationMs) / 1000);
    const rate = (of: (report: RelayReport) => number): number => (of(report) - of(previous)) / seconds;
    push(
      this.bytesPerSecondIn,
      rate(({ receivedBytes }) => receivedBytes),
      RELAY_POINTS,
    );
    push(
      this.bytesPerSecondOut,
      rate(({ forwardedBytes }) => forwardedBytes),
      RELAY_POINTS,
    );
    push(
      this.datagramsPerSecond,
      rate(({ received }) => received),
      RELAY_POINTS,
    );
    for (const { index, load } of report.workers) push((this.loads[index] ??= []), load, RELAY_POINTS);
    this.#addClients(report.clients.filter(({ live }) => live));
  }

  /** Bytes a second that a client sent and was sent, added up. */
  ofClient(client: ClientReport): readonly number[] {
    return this.#clients.get(nameOf(client)) ?? [];
  }

  #addClients(live: readonly ClientReport[]): void {
    const before = this.#clients;
    this.#clients = new Map();
    if (live.length > MOST_CLIENTS) return;
    for (const client of live) {
      const name = nameOf(client);
      const points = before.get(name) ?? [];
      push(points, client.bytesPerSecondIn + client.bytesPerSecondOut, CLIENT_POINTS);
      this.#clients.set(name, points);
    }
  }
}

const nameOf = ({ protocol, id }: ClientReport): string => `${protocol} ${id}`;

function push(points: number[], point: number, most: number): void {
  points.push(point);
  if (points.length > most) points.shift();
}
