import { describe, expect, it } from "vitest";
import type { SystemCalls } from "../src/transport/linux.ts";
import { openSystemCalls } from "../src/transport/linux/open-system-calls.ts";
import { faults, faultScenario, QUEUE_DATAGRAMS, TIMES_EACH } from "./faults/scenario.ts";
import { linuxAdapter, linuxHere, openLinux } from "./linux/linux-adapter.ts";
import { failing } from "./linux/failing-calls.ts";

describe.skipIf(!linuxHere)("send errors of the linux transport", () => {
  for (const gso of [false, true]) {
    it(`are counted by reason, and congestion costs the worst class (gso ${gso})`, async () => {
      const systemCalls: SystemCalls = failing(await openSystemCalls());
      const report = await faultScenario({
        ...linuxAdapter,
        open: (options) => openLinux({ ...options, gso, systemCalls }),
      });
      expect(report.errorsDelivered).toBe(report.errorsOffered);
      const drops: Record<string, number> = {};
      for (const [, , reason] of faults) drops[reason] = (drops[reason] ?? 0) + TIMES_EACH;
      expect(report.errorStats.drops).toEqual(drops);
      // ECONNREFUSED alone is an earlier datagram's error and deserves another try.
      expect(report.errorStats.retriedSends).toBe(TIMES_EACH);
      expect(report.errorStats.icmpErrors).toBe(TIMES_EACH);
      expect(report.congestions.length).toBe(2);
      for (const { stats, deliveredByClass, offeredByClass, inOrderByClass } of report.congestions) {
        expect(inOrderByClass).toBe(true);
        expect(deliveredByClass[0]).toBe(offeredByClass[0]);
        expect(stats.queueFullByClass).toEqual([0, 0, 0, 0, 0, stats.drops.queueFull, 0, 0]);
        expect(deliveredByClass[5]! + stats.drops.queueFull!).toBe(offeredByClass[5]);
        expect(stats.sentDatagrams).toBeGreaterThanOrEqual(QUEUE_DATAGRAMS);
        expect(stats.queuedDatagrams).toBe(0);
      }
    });
  }

  it("in the blocking mode do not stop the loop: the queue drains while nothing arrives", async () => {
    const calls = await openSystemCalls();
    let refusals = 0;
    let refused = false;
    const systemCalls: SystemCalls = {
      ...calls,
      sendmmsg: (...parameters) => {
        refused = refusals-- > 0;
        return refused ? -1 : calls.sendmmsg(...parameters);
      },
      recvmmsg: (...parameters) => {
        refused = false;
        return calls.recvmmsg(...parameters);
      },
      errno: () => (refused ? 11 : calls.errno()),
    };
    await using transport = await openLinux({ blocking: true, systemCalls });
    await using peer = await openLinux({ blocking: true });
    refusals = 3;
    for (let n = 0; n < 10; n++) transport.send(Uint8Array.of(n), peer.localEndpoint);
    transport.runBlocking({
      onTurn: () => {
        if (transport.stats().sentDatagrams === 10) void transport.close();
      },
    });
    const received: number[] = [];
    peer.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) received.push(batch.bytes(i)[0]!);
    };
    peer.runBlocking({
      onTurn: () => {
        if (received.length === 10) void peer.close();
      },
    });
    expect(received).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(transport.stats().drops).toEqual({});
  });
});
