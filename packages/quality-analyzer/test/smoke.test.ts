import { describe, expect, it } from "vitest";
import { QualityAnalyzer } from "../src/index.ts";
import { gilbertElliott, SimulatedLink, VirtualClock } from "../src/simulation/index.ts";

describe("smoke", () => {
  it("sees a simulated link's loss on a virtual clock", () => {
    const clock = new VirtualClock();
    const link = new SimulatedLink({
      seed: 7,
      delayMs: 40,
      jitter: { kind: "uniform", spreadMs: 8 },
      loss: gilbertElliott(20, 3),
    });
    const quality = new QualityAnalyzer();
    for (let sequence = 0; sequence < 5_000; sequence++) {
      clock.advance(20);
      const sentMs = clock.nowMs();
      for (let copies = link.send(200, sentMs), i = 0; i < copies; i++) {
        const arrivalMs = link.arrivalMs(i);
        clock.schedule(arrivalMs, () => quality.recordSequence(sequence, arrivalMs, sentMs));
      }
    }
    clock.drain();
    expect(link.truth.lost).toBeGreaterThan(0);
    expect(quality.lossPerMille).toBeGreaterThan(5);
    expect(quality.jitterMs).toBeGreaterThan(0.5);
  });
});
