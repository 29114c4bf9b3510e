import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QualityAnalyzer, SequenceOutcome } from "../src/index.ts";

const { advanced, late, duplicate, ignored, restarted } = SequenceOutcome;

/** Records the numbers 20 ms apart; returns what each was. */
function play(quality: QualityAnalyzer, sequences: readonly number[]): number[] {
  return sequences.map((sequence, i) => quality.recordSequence(sequence, i * 20));
}

describe("loss by sequence numbers: scripted traces", () => {
  it("counts a gap as lost", () => {
    const quality = new QualityAnalyzer();
    expect(play(quality, [10, 11, 14, 15])).toEqual([advanced, advanced, advanced, advanced]);
    expect(quality.lossWindow).toEqual({ packets: 6, lost: 2, ms: 60 });
    expect(quality.lossPerMille).toBeCloseTo(333.333, 3);
  });

  it("takes a loss back when the packet comes late, once", () => {
    const quality = new QualityAnalyzer();
    expect(play(quality, [1, 2, 5, 3, 3, 4, 5])).toEqual([
      advanced,
      advanced,
      advanced,
      late,
      duplicate,
      late,
      duplicate,
    ]);
    expect(quality.lossPerMille).toBe(0);
    expect(quality.lifetime).toMatchObject({ packets: 5, lost: 0, reordered: 2, duplicates: 2 });
    expect(quality.lossBursts).toBeUndefined(); // reordering is no burst
  });

  it("takes it back where it was charged, slices ago", () => {
    const quality = new QualityAnalyzer({ windowPackets: 80 });
    for (let i = 0; i < 60; i++) if (i !== 5) quality.recordSequence(i, i);
    expect(quality.lossWindow).toMatchObject({ packets: 60, lost: 1 });
    quality.recordSequence(5, 60);
    expect(quality.lossWindow).toMatchObject({ packets: 60, lost: 0 });
    for (let i = 60; i < 200; i++) if (i !== 130) quality.recordSequence(i, i);
    expect(quality.recordSequence(61, 200)).toBe(duplicate);
    expect(quality.lossWindow!.lost).toBe(1);
  });

  it("does not undo within the window what was lost before it", () => {
    const quality = new QualityAnalyzer({ windowPackets: 80 });
    for (let i = 0; i < 300; i++) if (i !== 100 && i !== 290) quality.recordSequence(i, i);
    expect(quality.recordSequence(100, 300)).toBe(late);
    expect(quality.lossWindow!.lost).toBe(1);
    expect(quality.lifetime.lost).toBe(1);
  });

  it.each([
    [16, 2 ** 16],
    [32, 2 ** 32],
    [64, 2 ** 32],
    [64, 2 ** 53 - 100],
  ] as const)("counts over the edge of %i-bit numbers at %i", (sequenceBits, edge) => {
    const quality = new QualityAnalyzer({ sequenceBits });
    const wrap = sequenceBits === 64 ? Infinity : 2 ** sequenceBits;
    for (let i = -50; i < 50; i++) {
      if (i === -1 || i === 0 || i === 20) continue;
      quality.recordSequence((edge + i) % wrap, i + 50);
    }
    expect(quality.lifetime).toMatchObject({ packets: 100, lost: 3, ignored: 0 });
    expect(quality.recordSequence((edge - 1) % wrap, 100)).toBe(late);
    expect(quality.recordSequence((edge + 19) % wrap, 100)).toBe(duplicate);
    expect(quality.lifetime).toMatchObject({ packets: 100, lost: 2 });
  });

  it("takes no other widths, and says which it was given", () => {
    expect(() => new QualityAnalyzer({ sequenceBits: 8 as never })).toThrow(
      /^sequenceBits must be 16, 32 or 64, got 8$/,
    );
  });

  it("takes 64-bit numbers in two halves, over the edge of 2^64", () => {
    const quality = new QualityAnalyzer({ sequenceBits: 64 });
    quality.recordSequenceWords(-2, -1, 0);
    quality.recordSequenceWords(0xffff_ffff, 0xffff_ffff, 1);
    quality.recordSequenceWords(2, 0, 2); // 0 and 1 are missing
    expect(quality.lifetime).toMatchObject({ packets: 5, lost: 2 });
    expect(quality.recordSequenceWords(0, 0, 3)).toBe(late);
  });

  it("ignores one number from nowhere and starts anew on its successor; the jump is no loss", () => {
    const quality = new QualityAnalyzer();
    play(quality, [100, 101, 102]);
    expect(quality.recordSequence(40_000, 60)).toBe(ignored);
    expect(quality.recordSequence(103, 80)).toBe(advanced);
    expect(quality.recordSequence(40_001, 100)).toBe(ignored); // 103 came between: not confirmed
    expect(quality.recordSequence(40_002, 120)).toBe(restarted);
    expect(quality.recordSequence(40_003, 140)).toBe(advanced);
    expect(quality.lossWindow).toEqual({ packets: 2, lost: 0, ms: 20 }); // of the new sender only
    expect(quality.lifetime).toMatchObject({ packets: 6, lost: 0, ignored: 2, restarts: 1 });
  });

  it("takes a gap up to maxGap for loss and beyond it for a jump", () => {
    const at = (gap: number): QualityAnalyzer => {
      const quality = new QualityAnalyzer({ sequenceBits: 32, maxGap: 500 });
      play(quality, [7, 7 + gap]);
      return quality;
    };
    expect(at(500).lifetime).toMatchObject({ packets: 501, lost: 499, ignored: 0 });
    expect(at(501).lifetime).toMatchObject({ packets: 1, lost: 0, ignored: 1 });
    expect(new QualityAnalyzer().recordSequence(5, Number.NaN)).toBe(ignored);
  });

  it.each([16, 32, 64] as const)(
    "ignores what is no whole number, and counts it, %i bits",
    (sequenceBits) => {
      const quality = new QualityAnalyzer({ sequenceBits });
      const wrong = [NaN, Infinity, -Infinity, 1.5, undefined, "2"] as number[];
      for (const sequence of wrong) expect(quality.recordSequence(sequence, 0)).toBe(ignored);
      expect(quality.lossWindow).toBeUndefined();
      expect(play(quality, [0, 1, 2])).toEqual([advanced, advanced, advanced]);
      for (const sequence of wrong) expect(quality.recordSequence(sequence, 60)).toBe(ignored);
      expect(quality.lifetime).toMatchObject({
        packets: 3,
        lost: 0,
        duplicates: 0,
        ignored: 12,
        restarts: 0,
      });
      // Negative ones are numbers modulo the width, as a signed field reads them.
      const signed = new QualityAnalyzer({ sequenceBits });
      expect(play(signed, [-2, -1, 0, 1])).toEqual([advanced, advanced, advanced, advanced]);
      expect(signed.lifetime).toMatchObject({ packets: 4, lost: 0, ignored: 0 });
    },
  );

  it("ignores what is older than the first packet or than it can tell", () => {
    const quality = new QualityAnalyzer();
    expect(play(quality, [50, 49])).toEqual([advanced, ignored]);
    for (let i = 51; i < 3_000; i++) quality.recordSequence(i, i);
    expect(quality.recordSequence(2_999 - 1_023, 3_000)).toBe(duplicate);
    expect(quality.recordSequence(2_999 - 1_024, 3_000)).toBe(ignored);
    expect(quality.lifetime.lost).toBe(0);
  });

  it("fills the whole window with a gap larger than it", () => {
    const quality = new QualityAnalyzer({ windowPackets: 80, maxGap: 3_000 });
    play(quality, [1, 2, 2_000]);
    expect(quality.lossWindow).toMatchObject({ packets: 73, lost: 72 });
    expect(quality.lifetime).toMatchObject({ packets: 2_000, lost: 1_997 });
  });
});

/**
 * RFC 3550, appendix A.1 and A.3, from their text: validity of a number against the highest, extended highest,
 * expected = extended - base + 1, lost = expected - received. MIN_SEQUENTIAL 0.
 */
class Rfc3550Source {
  #base = -1;
  #highest = 0;
  #cycles = 0;
  #bad = -1;
  #received = 0;

  update(sequence: number): void {
    if (this.#base < 0) {
      this.#start(sequence);
      return;
    }
    const ahead = (sequence - this.#highest + 65_536) % 65_536;
    if (ahead < 3_000) {
      if (sequence < this.#highest) this.#cycles += 65_536;
      this.#highest = sequence;
    } else if (ahead <= 65_536 - 100) {
      if (sequence !== this.#bad) {
        this.#bad = (sequence + 1) % 65_536;
        return;
      }
      this.#start(sequence);
      return;
    }
    this.#received++;
  }

  get expected(): number {
    return this.#cycles + this.#highest - this.#base + 1;
  }

  get lost(): number {
    return this.expected - this.#received;
  }

  #start(sequence: number): void {
    this.#base = sequence;
    this.#highest = sequence;
    this.#cycles = 0;
    this.#bad = -1;
    this.#received = 1;
  }
}

/** Everything remembered, nothing bounded: which numbers since the first arrived. */
class Ledger {
  readonly arrived = new Set<number>();
  first = -1;
  highest = -1;

  record(sequence: number): void {
    if (this.first < 0) this.first = this.highest = sequence;
    this.highest = Math.max(this.highest, sequence);
    if (sequence >= this.first) this.arrived.add(sequence);
  }

  /** Lost among the last `packets` numbers. */
  lost(packets: number): number {
    let lost = 0;
    for (let i = 0; i < packets; i++) if (!this.arrived.has(this.highest - i)) lost++;
    return lost;
  }

  /** Lengths of the runs of lost numbers. */
  runs(): number[] {
    const runs: number[] = [];
    for (let i = this.first; i <= this.highest; i++) {
      if (this.arrived.has(i)) continue;
      if (i > this.first && !this.arrived.has(i - 1)) runs[runs.length - 1]!++;
      else runs.push(1);
    }
    return runs;
  }
}

/** A walk of numbers: mostly ahead by one, with gaps, and steps back within what an analyzer tells apart. */
const walks = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constant(1) },
      { weight: 2, arbitrary: fc.integer({ min: 2, max: 40 }) },
      { weight: 1, arbitrary: fc.integer({ min: 300, max: 1_500 }) },
      { weight: 3, arbitrary: fc.integer({ min: -60, max: 0 }) },
    ),
    { minLength: 1, maxLength: 400 },
  )
  .map((steps) => {
    let highest = 65_000; // soon over the 16-bit edge
    return steps.map((step) => {
      const sequence = highest + step;
      highest = Math.max(highest, sequence);
      return sequence;
    });
  });

describe("loss by sequence numbers: oracles", () => {
  it("agrees with RFC 3550's appendix A.3 as long as nothing comes twice or before the first", () => {
    fc.assert(
      fc.property(walks, (walk) => {
        const quality = new QualityAnalyzer();
        const source = new Rfc3550Source();
        const seen = new Set<number>();
        for (const sequence of walk) {
          if (seen.has(sequence) || sequence < walk[0]!) continue;
          seen.add(sequence);
          quality.recordSequence(sequence & 0xffff, 0);
          source.update(sequence & 0xffff);
        }
        expect(quality.lifetime).toMatchObject({ packets: source.expected, lost: source.lost });
      }),
      { numRuns: 300 },
    );
  });

  it.each([16, 32, 64] as const)("is exact over its window and lifetime, %i bits", (sequenceBits) => {
    fc.assert(
      fc.property(walks, fc.integer({ min: 8, max: 400 }), (walk, windowPackets) => {
        const quality = new QualityAnalyzer({ sequenceBits, windowPackets, windowMs: Infinity });
        const ledger = new Ledger();
        for (const sequence of walk) {
          quality.recordSequence(sequenceBits === 16 ? sequence & 0xffff : sequence, 0);
          ledger.record(sequence);
          const window = quality.lossWindow!;
          expect(window.packets).toBeLessThanOrEqual(windowPackets);
          expect(window.lost).toBe(ledger.lost(window.packets));
        }
        const total = ledger.highest - ledger.first + 1;
        expect(quality.lifetime).toMatchObject({ packets: total, lost: ledger.lost(total) });
        const runs = ledger.runs();
        const bursts = quality.lossBursts;
        expect(bursts?.count ?? 0).toBe(runs.length);
        expect(bursts?.longestPackets ?? 0).toBe(Math.max(0, ...runs));
        if (bursts) expect(bursts.meanPackets * runs.length).toBeCloseTo(ledger.lost(total), 6);
      }),
      { numRuns: 300 },
    );
  });
});
