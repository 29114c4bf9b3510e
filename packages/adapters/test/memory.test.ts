import { type Clock, ManualClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { MemoryNetwork } from "../src/transport/memory.ts";
import { memoryAdapter } from "./conformance/memory-adapter.ts";
import { conformance } from "./conformance/suite.ts";

conformance(memoryAdapter(new MemoryNetwork({ link: { delayMs: 1 } })));

describe("a memory network's clock", () => {
  it("is a `Clock` for a relay's table and endpoint: it answers as a ManualClock at the same time", () => {
    const { clock } = new MemoryNetwork();
    const virtual: Clock = clock;
    const manual = new ManualClock();
    const answers = (one: Clock): unknown[] => {
      const tick = one.update();
      const ticks = [tick, (tick - 1_000) >>> 0, (tick + 1_000) >>> 0];
      return [
        tick,
        one.recentMs(),
        one.recentMicros(),
        one.nowMs(),
        one.stalenessMs(),
        ticks.map((at) => one.unixMs(at)),
      ];
    };
    // Across the wrap of the microseconds, and of the tick.
    for (const byMs of [0, 0.25, 999.5, 4_293_967.75, 1, 2 ** 32 - 4_295_000, 40, 1e9]) {
      clock.advance(byMs);
      manual.advance(byMs);
      expect(answers(virtual)).toEqual(answers(manual));
    }
  });
});
