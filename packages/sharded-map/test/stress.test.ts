import { describe, expect, it } from "vitest";
import { runMix } from "./mix-run.ts";
import type { MixRun } from "./mix-run.ts";
import { long } from "./threads.ts";

const operations = long ? 10_000_000 : 1_000_000;

async function expectSound(name: string, run: MixRun): Promise<void> {
  const report = await runMix(run);
  const { busy, full, milliseconds, stats } = report;
  console.log(
    `${name}: ${run.operations} operations by ${run.workers} threads in ${Math.round(milliseconds)} ms,`,
    `${busy} busy, ${full} full (${stats.resting} resting), ${stats.rebuilds} rebuilds`,
  );
  expect(report.faults).toEqual([]);
}

// The mixes of "bustle" (jonhoo), which DashMap's own benchmark runs: percentages of reads, inserts and removals.
describe("real threads on one map", () => {
  it("read-heavy: 98 reads, 1 insert, 1 removal", async () => {
    await expectSound("read-heavy", {
      workers: 4,
      operations: operations * 0.4,
      mix: { read: 98, insert: 1 },
      sharedKeys: 4096,
      map: { capacity: 8192 },
    });
  }, 300_000);

  it("exchange: 10 reads, 45 inserts, 45 removals", async () => {
    await expectSound("exchange", {
      workers: 4,
      operations: operations * 0.3,
      mix: { read: 10, insert: 45 },
      sharedKeys: 1024,
      map: { capacity: 2048 },
    });
  }, 300_000);

  it("at the capacity: refusals lose nothing", async () => {
    await expectSound("at the capacity", {
      workers: 3,
      operations: operations * 0.1,
      mix: { read: 10, insert: 60 },
      sharedKeys: 256,
      map: { capacity: 200, shards: 4 },
    });
  }, 300_000);

  it("everybody on a few keys of one shard", async () => {
    await expectSound("a few keys", {
      workers: 3,
      operations: operations * 0.1,
      mix: { read: 34, insert: 33 },
      sharedKeys: 6,
      batch: 4,
      map: { capacity: 12, shards: 1 },
    });
  }, 300_000);

  // papaya's rounds: many small shards, filled and emptied again and again.
  it("tiny shards, filled and emptied in rounds", async () => {
    for (let round = 0; round < (long ? 32 : 4); round++) {
      await expectSound(`tiny shards, round ${round}`, {
        workers: 2,
        operations: (operations * 0.1) / 4,
        mix: { read: 20, insert: round % 2 === 0 ? 60 : 20 },
        sharedKeys: long ? 65_536 : 1024,
        map: { capacity: long ? 131_072 : 2048, shards: 256 },
      });
    }
  }, 300_000);
});
