import { describe, expect, it } from "vitest";
import type { ClientReport, RelayReport } from "@udp-relay/relay";
import { clientOrders } from "../src/dashboard/client-order.ts";
import { dashboardFrame } from "../src/dashboard/dashboard-frame.ts";
import { relayDropReasons } from "../src/tunnel/counter-fields.ts";
import { duration } from "../src/report/quantities.ts";

const client = (id: number, more: Partial<ClientReport> = {}): ClientReport => ({
  id,
  protocol: "v3",
  endpoint: "198.51.100.1:50001",
  packetsReceived: 1,
  bytesReceived: 1,
  packetsSent: 1,
  bytesSent: 1,
  bytesPerSecondIn: 10 * id,
  bytesPerSecondOut: 1,
  rttMs: null,
  jitterMs: null,
  lossPerMille: null,
  priority: 1,
  idleMs: 0,
  live: true,
  ...more,
});

function report(more: Partial<RelayReport> = {}): RelayReport {
  return {
    protocol: "v3",
    endpoint: "127.0.0.1:50001",
    maxClients: 200,
    received: 5,
    receivedBytes: 5,
    forwarded: 4,
    forwardedBytes: 4,
    consumed: { registrations: 1, pings: 0, commands: 0 },
    dropped: {},
    socketDropped: {},
    clients: [client(1), client(2)],
    workers: [
      { index: 0, state: "running", transport: "linux", received: 5, forwarded: 4, load: 0.12, restarts: 0 },
    ],
    threadsRefused: null,
    maintenance: false,
    durationMs: 1_000,
    clockStalenessMs: 1.5,
    ...more,
  } as RelayReport;
}

function frame(of: RelayReport, columns: number, rows: number, order = clientOrders[0]!): string[] {
  const history = { bytesPerSecondIn: [1, 2, 3], bytesPerSecondOut: [3, 2, 1] };
  const view = { columns, rows, order, title: "udp-relay", notes: [] };
  return dashboardFrame(of, history, view).map(({ text }) => text);
}

describe("the dashboard", () => {
  it.each([
    [80, 24],
    [160, 50],
    [40, 10],
  ])("fills %i x %i and nothing beyond, however much there is to say", (columns, rows) => {
    const dropped = Object.fromEntries(relayDropReasons.map((reason, i) => [reason, 10 ** (i % 9)]));
    const clients = Array.from({ length: 300 }, (_, i) => client(i + 1));
    const lines = frame(report({ dropped, clients }), columns, rows);
    expect(lines.length).toBe(rows);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
    expect(lines.at(-1)).toContain("q quit");
  });

  it("says how many clients there is no room for", () => {
    const clients = Array.from({ length: 300 }, (_, i) => client(i + 1));
    expect(frame(report({ clients }), 80, 24).join("\n")).toMatch(/… and 28\d more/);
  });

  it("shows drops by reason, the most frequent first, on as many lines as they need up to three", () => {
    const few = frame(
      report({ dropped: { tooShort: 1, tableFull: 20 }, socketDropped: { truncated: 3 } }),
      80,
      24,
    );
    expect(few).toContain("dropped tableFull 20  truncated 3  tooShort 1");
    const dropped = Object.fromEntries(relayDropReasons.map((reason, i) => [reason, 1_000 - i]));
    const many = frame(report({ dropped }), 80, 24);
    const first = many.findIndex((line) => line.startsWith("dropped "));
    expect(many[first]).toMatch(/^dropped tooShort 1,000 {2}selfAddressed 999/);
    expect(many[first + 1]).toMatch(/^ {8}\w/);
    expect(many[first + 2]).toMatch(/ …$/);
    expect(many[first + 3]).toBe("");
  });

  it("is ordered by each column", () => {
    const clients = [client(1, { rttMs: 5 }), client(2, { rttMs: 50 }), client(3)];
    const order = clientOrders.find(({ title }) => title === "RTT")!;
    const ids = frame(report({ clients }), 80, 24, order).flatMap(
      (line) => /^0000000(\d)/.exec(line)?.[1] ?? [],
    );
    expect(ids).toEqual(["2", "1", "3"]);
  });

  it("says in words what is wrong: maintenance, workers that are not there, threads that were refused", () => {
    const worker = report().workers[0]!;
    const text = frame(
      report({
        maintenance: true,
        workers: [{ ...worker, state: "restarting", restarts: 2 }],
        threadsRefused: "no ports",
      }),
      80,
      24,
    ).join("\n");
    expect(text).toContain("MAINTENANCE");
    expect(text).toContain("0 linux restarting (2 restarts)");
    expect(text).toContain("no threads: no ports");
  });

  it("has times that fit their columns", () => {
    for (const ms of [0, 0.42, 9.994, 9.995, 37.1, 99.94, 99.96, 132.9, 999.4, 999.6, 59_000]) {
      expect(duration(ms).length).toBeLessThanOrEqual(7);
    }
    expect([duration(132.9), duration(37.1), duration(1_250)]).toEqual(["133 ms", "37.1 ms", "1.25 s"]);
  });
});
