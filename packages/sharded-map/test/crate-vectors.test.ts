import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { shardCount } from "../src/index.ts";

describe("shardCount against the real crate's map", () => {
  it("counts the same for as many CPUs as the machine had that asked it", () => {
    const file = new URL("data/crate-shards.json", import.meta.url);
    const { vectors } = JSON.parse(readFileSync(file, "utf8")) as {
      vectors: [cpus: number, shards: number][];
    };
    expect(vectors.length).toBeGreaterThan(1);
    for (const [cpus, shards] of vectors) expect([cpus, shardCount(cpus)]).toEqual([cpus, shards]);
  });

  it("beyond that by its formula: the next power of two of 4 x CPUs, within 4 to 256", () => {
    const expected = [1, 2, 3, 4, 5, 8, 16, 17, 33, 64, 65, 500].map((cpus) => [cpus, shardCount(cpus)]);
    expect(expected).toEqual([
      [1, 4],
      [2, 8],
      [3, 16],
      [4, 16],
      [5, 32],
      [8, 32],
      [16, 64],
      [17, 128],
      [33, 256],
      [64, 256],
      [65, 256],
      [500, 256],
    ]);
  });
});
