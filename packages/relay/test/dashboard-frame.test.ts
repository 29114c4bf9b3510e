import { describe, expect, it } from "vitest";
import type { ClientReport, RelayReport } from "@udp-relay/relay";
import fc from "fast-check";
import { clientOrders } from "../src/dashboard/client-order.ts";
import { clientTable } from "../src/dashboard/client-table.ts";
import { dashboardFrame } from "../src/dashboard/dashboard-frame.ts";
import { RateHistory } from "../src/dashboard/rate-history.ts";
import { relayDropReasons } from "../src/tunnel/counter-fields.ts";
import { byteCount, byteRate, datagramCount, duration } from "../src/report/quantities.ts";

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
  const history = new RateHistory();
  // A minute and a half of it: longer than what one line of 80 columns shows.
  for (let second = 0; second <= 90; second++) {
    const bytes = 1_000 * second + 500 * (second % 2);
    const at = { durationMs: 1_000 * second, receivedBytes: bytes, forwardedBytes: bytes, received: second };
    history.add({ ...of, ...at });
  }
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

  it("gives a wide terminal whole endpoints, counts, a sparkline of each client, and longer ones of the relay", () => {
    const six = "[2001:db8:1234:5678:9abc:def0:1234:5678]:50001";
    const clients = [client(1), client(2, { packetsReceived: 1_234_567, bytesSent: 4_560_000 })];
    const wide = frame(report({ clients }), 160, 50);
    const narrow = frame(report({ clients }), 80, 24);
    const row = wide.find((line) => line.startsWith("00000002"))!;
    expect(row.length).toBe(160);
    expect(row).toContain("198.51.100.1:50001 ");
    expect(row).toMatch(/[▁-█]{30,}.*1,234,567.*4\.56 MB/);
    expect(wide.find((line) => line.startsWith("client"))).toMatch(
      /^client +endpoint +in +out +rate +pkts in +pkts out +total in +total out +RTT +jitter +loss +prio +idle$/,
    );
    expect(narrow.find((line) => line.startsWith("client"))).toMatch(
      /^client +endpoint +in +out +RTT +jitter +loss +prio +idle$/,
    );
    const bars = (lines: string[], name: string): number =>
      lines.find((line) => line.startsWith(name))!.replace(/[^▁-█]/g, "").length;
    expect([bars(narrow, "in "), bars(wide, "in ")]).toEqual([54, 90]);
    expect(wide.find((line) => line.startsWith("in "))).toContain("peak 1.5 kB/s");
    // A thread's load is drawn against a whole processor.
    expect(wide.find((line) => line.startsWith("load"))).toMatch(/^load 0 linux 12 % ▁{40}$/);
    expect(frame(report({ clients: [client(3, { endpoint: six })] }), 160, 50).join("\n")).toContain(six);
  });

  it("names the protocol of each client where there is more than one", () => {
    const clients = [client(1), client(2, { protocol: "v2" })];
    expect(clientTable(clients, 100)).toContainEqual(expect.stringMatching(/^2 +v2 +198\./));
    expect(clientTable(clients.slice(0, 1), 100)[0]).not.toContain("proto");
  });

  it("offers on a narrow terminal the keys that it has room for", () => {
    expect(frame(report(), 80, 24).at(-1)).toMatch(/^q quit \| by client \| c client .* d idle$/);
    expect(frame(report(), 160, 50).at(-1)).toMatch(/ d idle n pkts in m pkts out b total in v total out$/);
    expect(clientOrders.map(({ key }) => key).includes("q")).toBe(false);
    expect(new Set(clientOrders.map(({ key }) => key)).size).toBe(clientOrders.length);
  });

  it("forgets who has left, and keeps no history of more than 1,000 clients", () => {
    const history = new RateHistory();
    const add = (clients: ClientReport[]): void => history.add(report({ clients }));
    add([client(1)]);
    add([client(1), client(2)]);
    expect(history.ofClient(client(1))).toEqual([11]);
    add([client(2)]);
    expect([history.ofClient(client(1)), history.ofClient(client(2))]).toEqual([[], [21, 21]]);
    add(Array.from({ length: 1_001 }, (_, i) => client(i + 1)));
    expect(history.ofClient(client(2))).toEqual([]);
    for (let i = 0; i < 1_000; i++) add([client(2)]);
    expect(history.ofClient(client(2)).length).toBe(60);
    expect(history.bytesPerSecondIn.length).toBe(400);
  });

  it("has quantities that fit their columns, whatever was counted", () => {
    const amount = fc.double({ min: 0, max: 9.99e11, noNaN: true });
    fc.assert(
      fc.property(amount, (n) => {
        expect(byteRate(n).length).toBeLessThanOrEqual(9);
        expect(byteCount(Math.floor(n)).length).toBeLessThanOrEqual(9);
        expect(datagramCount(Math.floor(n / 100)).length).toBeLessThanOrEqual(9);
      }),
    );
    const shown = [950, 999.7, 12_300, 132_900, 999_900, 4_560_000, 123e6, 1.5e9].map(byteRate);
    expect(shown.join()).toBe("950 B/s,1.0 kB/s,12.3 kB/s,133 kB/s,1.00 MB/s,4.56 MB/s,123 MB/s,1.50 GB/s");
  });

  it("has times that fit their columns", () => {
    for (const ms of [0, 0.42, 9.994, 9.995, 37.1, 99.94, 99.96, 132.9, 999.4, 999.6, 59_000]) {
      expect(duration(ms).length).toBeLessThanOrEqual(7);
    }
    expect([duration(132.9), duration(37.1), duration(1_250)]).toEqual(["133 ms", "37.1 ms", "1.25 s"]);
  });
});
