import { describe, expect, it } from "vitest";
import type { RelayReport } from "@udp-relay/relay";
import type { PlayerReport } from "../src/demo/demo-plan.ts";
import { runCli } from "./run-cli.ts";

interface DemoReport extends RelayReport {
  readonly players: readonly PlayerReport[];
}

const lastLine = (text: string): DemoReport =>
  JSON.parse(text.trimEnd().split("\n").at(-1) ?? "") as DemoReport;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe("the demo over real sockets", () => {
  it("accounts for every datagram, and measures what the bad link did", async () => {
    const { code, stdout } = await runCli(["--demo", "--duration", "4", "--json"]);
    expect(code).toBe(0);
    const report = lastLine(stdout);
    const { players, clients, consumed } = report;
    expect(players.length).toBe(8);
    expect(clients.length).toBe(8);
    const drops = sum(Object.values(report.dropped));
    expect(report.received).toBe(sum(players.map(({ sent }) => sent)));
    expect(report.receivedBytes).toBe(sum(players.map(({ sentBytes }) => sentBytes)));
    expect(report.forwarded).toBe(sum(players.map(({ received }) => received)));
    expect(report.forwardedBytes).toBe(sum(players.map(({ receivedBytes }) => receivedBytes)));
    expect(report.received).toBe(
      report.forwarded + consumed.registrations + consumed.pings + consumed.commands + drops,
    );
    for (const player of players) {
      const client = clients.find(({ id }) => id === player.id)!;
      expect(client.packetsReceived).toBe(player.sent - player.pongs);
      expect(client.packetsSent).toBe(player.received);
      expect(client.bytesSent).toBe(player.receivedBytes);
      // Lost behind the last datagram that arrived shows in no sequence number.
      const { link } = player;
      if (link === null) expect(client.lossPerMille).toBe(0);
      else expect(Math.abs(client.lossPerMille! - link.lossPerMille)).toBeLessThan(25);
      expect(client.jitterMs).toBeGreaterThanOrEqual(0);
    }
    const rtt = (room: string): number[] =>
      players
        .filter((player) => player.room === room)
        .map(({ id }) => clients.find((client) => client.id === id)!.rttMs)
        .filter((ms) => ms !== null);
    expect(Math.min(...rtt("bad"))).toBeGreaterThan(10);
  });

  it("shows nothing where V3 measures nothing", async () => {
    const { code, stdout } = await runCli(["--demo", "--protocol", "v3", "--duration", "1", "--json"]);
    expect(code).toBe(0);
    for (const client of lastLine(stdout).clients) {
      expect(client).toMatchObject({ rttMs: null, jitterMs: null, lossPerMille: null });
      expect(client.packetsReceived).toBeGreaterThan(1);
      expect(client.priority).toBeGreaterThanOrEqual(0);
    }
  });

  it("ends on SIGINT with a summary and exit code 0", async () => {
    const { code, stdout } = await runCli(["--demo", "--dashboard", "off"], "demo players");
    expect(code).toBe(0);
    expect(stdout).toMatch(/received [\d,]+ datagrams, forwarded/);
    expect(stdout).toMatch(/players: sent/);
  });
});
