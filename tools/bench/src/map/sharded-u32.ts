/** One operation on a ShardedMap of u32 keys with 8-byte records: `OPERATION ENTRIES`. A guard spans 64 operations. */
import { peek, poke } from "@udp-relay/atomics-layout/memory";
import { ShardedMap } from "@udp-relay/sharded-map";
import { measure } from "../measure.ts";
import { fillAndEmpty } from "./fill-and-empty.ts";
import { keysOf } from "./keys.ts";

const BATCH = 64;
const operation = process.argv[2]!;
const entries = Number(process.argv[3]);
const map = ShardedMap.create({ capacity: entries, key: "u32", recordBytes: 8 });
const { words } = map.region;
const records = map.region.section("records").byteOffset >>> 2;
const keys = keysOf("u32", entries).u32;
const absent = operation === "miss" ? keysOf("u32", entries, true).u32 : keys;
let place = 0;

function fill(): void {
  for (let i = 0; i < entries;) {
    const guard = map.enter();
    for (const end = Math.min(entries, i + BATCH); i < end; i++) {
      const slot = map.getOrInsert(keys[i]!);
      // The record leads to the next key, for the dependent lookups.
      poke(words, records + slot * 2, i + 1 === entries ? 0 : i + 1);
    }
    guard.leave();
  }
}

function empty(): void {
  for (let i = 0; i < entries;) {
    const guard = map.enter();
    for (const end = Math.min(entries, i + BATCH); i < end; i++) map.remove(keys[i]!);
    guard.leave();
  }
}

function hit(iterations: number): number {
  let sum = 0;
  for (let done = 0; done < iterations; done += BATCH) {
    const guard = map.enter();
    for (let n = 0; n < BATCH; n++) {
      sum += peek(words, records + map.get(keys[place]!) * 2);
      place = place + 1 === entries ? 0 : place + 1;
    }
    guard.leave();
  }
  return sum;
}

function miss(iterations: number): number {
  let sum = 0;
  for (let done = 0; done < iterations; done += BATCH) {
    const guard = map.enter();
    for (let n = 0; n < BATCH; n++) {
      sum += map.get(absent[place]!);
      place = place + 1 === entries ? 0 : place + 1;
    }
    guard.leave();
  }
  return sum;
}

/** 38 lookups, one removal, and the removed key's return 20 steps later. */
function mix(iterations: number): number {
  let sum = 0;
  for (let done = 0; done < iterations; done += 40) {
    const guard = map.enter();
    for (let n = 0; n < 40; n++) {
      if (n === 0) sum += map.remove(keys[place]!);
      else if (n === 20) sum += map.getOrInsert(keys[(place + entries - 20) % entries]!);
      else {
        const slot = map.get(keys[place]!);
        if (slot >= 0) sum += peek(words, records + slot * 2);
      }
      place = place + 1 === entries ? 0 : place + 1;
    }
    guard.leave();
  }
  return sum;
}

function dependent(iterations: number): number {
  for (let done = 0; done < iterations; done += BATCH) {
    const guard = map.enter();
    for (let n = 0; n < BATCH; n++) place = peek(words, records + map.get(keys[place]!) * 2);
    guard.leave();
  }
  return place;
}

if (operation === "insert" || operation === "remove") {
  fillAndEmpty(entries, operation === "insert", fill, empty);
} else {
  fill();
  const loop = { hit, miss, mix, dependent }[operation]!;
  // `measure` counts what it asked for: whole batches only.
  const batch = operation === "mix" ? 40 : BATCH;
  measure((iterations) => loop(iterations * batch), { operationsPerIteration: batch });
}
