import { describe, expect, it } from "vitest";
import type { SystemCalls } from "../src/transport/linux.ts";
import { openSystemCalls } from "../src/transport/linux/open-system-calls.ts";
import { judgeFaults } from "./faults/judge-faults.ts";
import { faultScenario, TIMES_EACH } from "./faults/scenario.ts";
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
      judgeFaults(report);
      // ECONNREFUSED alone is an earlier datagram's error and deserves another try.
      expect(report.errorStats.retriedSends).toBe(TIMES_EACH);
      expect(report.errorStats.icmpErrors).toBe(TIMES_EACH);
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
