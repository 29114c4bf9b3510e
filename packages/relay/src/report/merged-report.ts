import type { RelayReport } from "./relay-report.ts";

/** Several tunnels of one process as one: counts added up, clients and workers one after the other. */
export function mergedReport([first, ...others]: readonly [RelayReport, ...RelayReport[]]): RelayReport {
  return others.reduce(merged, first);
}

function merged(a: RelayReport, b: RelayReport): RelayReport {
  return {
    protocol: `${a.protocol}, ${b.protocol}`,
    endpoint: `${a.endpoint}, ${b.endpoint}`,
    maxClients: a.maxClients + b.maxClients,
    received: a.received + b.received,
    receivedBytes: a.receivedBytes + b.receivedBytes,
    forwarded: a.forwarded + b.forwarded,
    forwardedBytes: a.forwardedBytes + b.forwardedBytes,
    consumed: {
      registrations: a.consumed.registrations + b.consumed.registrations,
      pings: a.consumed.pings + b.consumed.pings,
      commands: a.consumed.commands + b.consumed.commands,
    },
    dropped: sums(a.dropped, b.dropped),
    socketDropped: sums(a.socketDropped, b.socketDropped),
    clients: [...a.clients, ...b.clients],
    workers: [
      ...a.workers,
      ...b.workers.map((worker) => ({ ...worker, index: worker.index + a.workers.length })),
    ],
    threadsRefused: a.threadsRefused ?? b.threadsRefused,
    natHelper: a.natHelper ?? b.natHelper,
    maintenance: a.maintenance || b.maintenance,
    durationMs: Math.max(a.durationMs, b.durationMs),
    clockStalenessMs: Math.max(a.clockStalenessMs, b.clockStalenessMs),
  };
}

function sums(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const total: Record<string, number> = { ...a };
  for (const [name, count] of Object.entries(b)) total[name] = (total[name] ?? 0) + count;
  return total;
}
