import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ShardedMap, shardCount } from "../src/index.ts";

/** `npm run vectors` writes them: the shards of the real crate's map where the system says that it has so many CPUs. */
const file = JSON.parse(readFileSync(new URL("data/crate-shard-count.json", import.meta.url), "utf8")) as {
  source: string;
  vectors: [cpus: number, shards: number][];
};

describe(`against ${file.source}`, () => {
  it("counts shards as the crate does, on 1 to 300 CPUs", () => {
    expect(file.vectors).toHaveLength(300);
    expect(file.vectors.map(([cpus]) => [cpus, shardCount(cpus)])).toEqual(file.vectors);
  });

  it("differs on purpose in a map of few entries or of very many: its shards hold 16 at least, 4,096 at most", () => {
    const shardsOf = (capacity: number): number =>
      ShardedMap.create({ capacity, key: "u32" }).stats().shards.length;
    expect(shardsOf(16)).toBe(1);
    expect(shardsOf(1_000_000)).toBe(256);
  });
});
