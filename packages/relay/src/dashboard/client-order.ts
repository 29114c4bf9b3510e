import type { ClientReport } from "../report/relay-report.ts";

/** How the table is ordered; the key that chooses each is its letter. */
export const clientOrders: readonly ClientOrder[] = [
  { key: "c", title: "client", compare: (a, b) => a.id - b.id },
  { key: "i", title: "in", compare: (a, b) => b.bytesPerSecondIn - a.bytesPerSecondIn },
  { key: "o", title: "out", compare: (a, b) => b.bytesPerSecondOut - a.bytesPerSecondOut },
  { key: "r", title: "RTT", compare: (a, b) => worst(a.rttMs, b.rttMs) },
  { key: "j", title: "jitter", compare: (a, b) => worst(a.jitterMs, b.jitterMs) },
  { key: "l", title: "loss", compare: (a, b) => worst(a.lossPerMille, b.lossPerMille) },
  { key: "p", title: "prio", compare: (a, b) => a.priority - b.priority },
  { key: "d", title: "idle", compare: (a, b) => b.idleMs - a.idleMs },
  { key: "n", title: "pkts in", compare: (a, b) => b.packetsReceived - a.packetsReceived },
  { key: "m", title: "pkts out", compare: (a, b) => b.packetsSent - a.packetsSent },
  { key: "b", title: "total in", compare: (a, b) => b.bytesReceived - a.bytesReceived },
  { key: "v", title: "total out", compare: (a, b) => b.bytesSent - a.bytesSent },
];

export interface ClientOrder {
  readonly key: string;
  readonly title: string;
  readonly compare: (a: ClientReport, b: ClientReport) => number;
}

/** The largest first, unmeasured ones last. */
const worst = (a: number | null, b: number | null): number => (b ?? -1) - (a ?? -1);

/** A sorted copy; ids break ties, so that rows do not jump. */
export function orderClients(clients: readonly ClientReport[], order: ClientOrder): ClientReport[] {
  return [...clients].sort((a, b) => order.compare(a, b) || a.id - b.id);
}
