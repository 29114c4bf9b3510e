import { elapsedMs } from "@udp-relay/clock";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const tick = fc.nat(0xffff_ffff);
/** All that is not "just ahead". */
const span = fc.nat(0xffff_0000 - 1);

describe("elapsed time between ticks", () => {
  it("is the span, wherever the u32 wraps", () => {
    fc.assert(
      fc.property(tick, span, (then, ms) => {
        expect(elapsedMs((then + ms) >>> 0, then)).toBe(ms);
      }),
      { numRuns: 20_000 },
    );
  });

  it("is right at each of 1,000,000 seeded steps around 2^31 and 2^32", () => {
    let seed = 12;
    let wrong = 0;
    for (let step = 0; step < 500_000; step++) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      const ms = seed >>> 12;
      for (const edge of [0x8000_0000, 0x1_0000_0000]) {
        const then = (edge - (seed & 0xfffff)) >>> 0;
        if (elapsedMs((then + ms) >>> 0, then) !== ms) wrong++;
      }
    }
    expect(wrong).toBe(0);
  });

  it("is 0 for a stamp that another thread made up to 65,536 ms later", () => {
    fc.assert(
      fc.property(tick, fc.integer({ min: 1, max: 0x1_0000 }), (now, aheadMs) => {
        expect(elapsedMs(now, (now + aheadMs) >>> 0)).toBe(0);
      }),
    );
    expect(elapsedMs(5, 5 + 0x1_0000 + 1)).toBe(0xffff_ffff - 0x1_0000);
  });

  it("takes the signed words of an Int32Array as well", () => {
    expect(elapsedMs(-1, -11)).toBe(10);
    expect(elapsedMs(4, -6)).toBe(10);
    expect(elapsedMs(4, 0xffff_fffa)).toBe(10);
  });
});
