import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { CoarseClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { judge, newComparison, takeTurns } from "./threads/compare-clocks.ts";
import { sibling } from "./threads/sibling.ts";

const onBun = "Bun" in globalThis;
const script = sibling("threads/comparing-worker", import.meta.url);

describe("threads of one clock", () => {
  it("agree within 2 ms, the creator and two workers started 300 ms apart", async () => {
    using clock = new CoarseClock();
    const between = newComparison(clock.shared, 200);
    const withCreator = newComparison(clock.shared, 200);
    const early = new Worker(script, {
      workerData: { comparisons: [{ comparison: between, side: 0 }] },
    });
    await once(early, "message");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const late = new Worker(script, {
      workerData: {
        comparisons: [
          { comparison: between, side: 1 },
          { comparison: withCreator, side: 1 },
        ],
      },
    });
    const [first] = (await once(late, "message")) as [{ tick: number; stalenessMs: number }];
    expect((first.tick - clock.update()) | 0).toBeLessThanOrEqual(2);
    expect(first.tick).toBeGreaterThan(300);
    expect(first.stalenessMs).toBeLessThan(1000);
    const ended = [once(early, "exit"), once(late, "exit")];
    takeTurns(clock, withCreator, 0);
    await Promise.all(ended);

    for (const comparison of [between, withCreator]) {
      const { atLeastMs, atMostMs } = judge(comparison);
      expect(atLeastMs).toBeLessThan(2);
      expect(atMostMs).toBeLessThan(2);
    }
  });

  // Node's threads do not look at the wall clock at all.
  it.skipIf(!onBun)("agree when the wall clock was set between their starts", async () => {
    const realNow = Date.now;
    const stepMs = 3_600_000;
    using clock = new CoarseClock();
    try {
      Date.now = () => realNow() + stepMs;
      const comparison = newComparison(clock.shared, 100);
      const late = new Worker(sibling("threads/stepped-worker", import.meta.url), {
        workerData: { comparison, stepMs },
      });
      const ended = once(late, "exit");
      await once(late, "message");
      takeTurns(clock, comparison, 0);
      await ended;
      const { atLeastMs, atMostMs } = judge(comparison);
      expect(atLeastMs).toBeLessThan(2);
      expect(atMostMs).toBeLessThan(3);
    } finally {
      Date.now = realNow;
    }
  });
});
