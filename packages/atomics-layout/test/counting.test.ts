import { allocate, instantiate } from "@udp-relay/atomics-layout/memory";
import { describe, expect, it } from "vitest";
import { readCounter } from "../src/field-counter.ts";
import { runThreads, sibling } from "./threads.ts";

const LONG = process.env.UDP_RELAY_LONG === "1";
const ROUNDS = LONG ? 2_000_000 : 20_000;
const BASE = 1_024;
const worker = sibling("counting-worker", import.meta.url);

describe.each(LONG ? [2, 3, 4] : [2, 4])("%d threads that count at once lose nothing", (threads) => {
  const total = ROUNDS * threads;
  const run = async (way: string, start = 0): Promise<DataView> => {
    const memory = allocate(65_536);
    new Int32Array(memory.buffer)[BASE / 4] = start;
    await runThreads(
      worker,
      Array.from({ length: threads }, () => ({ memory, way, rounds: ROUNDS, threads })),
    );
    return new DataView(memory.buffer, BASE);
  };

  it.each(["add, 32 bits", "compare-exchange, 32 bits"])("%s", async (way) => {
    expect((await run(way)).getUint32(0, true)).toBe((total * 3) >>> 0);
  });

  it.each(["add, 64 bits", "compare-exchange of a pair"])("%s, across 2^32", async (way) => {
    const view = await run(way, -100);
    expect(view.getBigUint64(0, true)).toBe(2n ** 32n - 100n + 3n * BigInt(total));
  });

  it("a compound update", async () => {
    const view = await run("compound update");
    expect(view.getUint32(0, true)).toBe(ROUNDS);
    expect(view.getUint32(4, true)).toBe(total);
    expect(view.getBigUint64(8, true)).toBe(BigInt(total));
    expect(view.getBigUint64(16, true)).toBe(3n * BigInt(total));
  });
});

describe("the single writer's overlap counter", () => {
  it("never shows a reader less than it showed before, and ends exact", async () => {
    const memory = allocate(65_536);
    const task = (way: string): object => ({ memory, way, rounds: ROUNDS * 5, threads: 2 });
    const [, reader] = await runThreads<{ backwards: number; last: number }>(worker, [
      task("overlap counter, written"),
      task("overlap counter, read"),
    ]);
    const expected = ROUNDS * 5 * 0x3fff_ffff;
    expect(readCounter(instantiate(memory, []), BASE)).toBe(expected);
    expect(reader!.backwards).toBe(0);
    expect(reader!.last).toBeLessThanOrEqual(expected);
  });
});
