import { describe, expect, it } from "vitest";
import { RelayMemory } from "../src/shared/relay-memory.ts";
import { COUNTER_FIELDS, namedDrops, Total } from "../src/tunnel/counter-fields.ts";
import { WorkerCounters } from "../src/tunnel/worker-counters.ts";

const memory = () => RelayMemory.create({ workers: 2, slots: 1, pingPrefixes: 8, pairs: 8 });

function read(shared: RelayMemory, worker: number): { totals: Float64Array; inHand: number } {
  const totals = new Float64Array(COUNTER_FIELDS);
  return { inHand: shared.totals(worker).read(totals), totals };
}

describe("worker totals", () => {
  it("show whole batches, and the size of the one in hand", () => {
    const shared = memory();
    const counters = new WorkerCounters(shared.totals(1));
    counters.takeInHand(3);
    counters.add(Total.received, 3);
    counters.drop("tooShort");
    expect(read(shared, 1).inHand).toBe(3);
    expect(read(shared, 1).totals[Total.received]).toBe(0);
    counters.publish();
    expect(read(shared, 1).inHand).toBe(0);
    expect(read(shared, 1).totals[Total.received]).toBe(3);
    expect(namedDrops(read(shared, 1).totals)).toEqual({ tooShort: 1 });
    expect(read(shared, 0).totals[Total.received]).toBe(0);
  });

  it("hold every field after any sequence of batches, though each copy is written every other time", () => {
    const shared = memory();
    const counters = new WorkerCounters(shared.totals(0));
    const expected = new Float64Array(COUNTER_FIELDS);
    let seed = 7;
    const next = (below: number): number => (seed = (seed * 48_271) % 0x7fff_ffff) % below;
    for (let batch = 0; batch < 2_000; batch++) {
      for (let n = next(4); n >= 0; n--) {
        const field = next(COUNTER_FIELDS);
        const by = next(1_000_000);
        counters.add(field, by);
        expected[field]! += by;
      }
      counters.publish();
      expect(read(shared, 0).totals).toEqual(expected);
    }
  });

  it("are taken over where a dead worker left them, in the middle of a publication too", () => {
    const shared = memory();
    const dead = new WorkerCounters(shared.totals(0));
    dead.add(Total.received, 5);
    dead.publish();
    // It dies after it wrote into the idle copy and before it flipped: only the copy that is in force counts.
    dead.takeInHand(2);
    dead.add(Total.received, 2);
    const successor = new WorkerCounters(shared.totals(0));
    expect(successor.total(Total.received)).toBe(5);
    successor.add(Total.received, 1);
    successor.publish();
    successor.publish();
    expect(read(shared, 0).totals[Total.received]).toBe(6);
  });
});
