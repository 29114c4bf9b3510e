/** One operation on a ShardedMap of endpoints with 8-byte records: `OPERATION KIND ENTRIES`. A guard spans 64 operations. */
import { peek } from "@udp-relay/atomics-layout/memory";
import { ShardedMap } from "@udp-relay/sharded-map";
import { measure } from "../measure.ts";
import { fillAndEmpty } from "./fill-and-empty.ts";
import { keysOf } from "./keys.ts";
import type { KeyKind } from "./keys.ts";

const BATCH = 64;
const operation = process.argv[2]!;
const kind = process.argv[3] as KeyKind;
const entries = Number(process.argv[4]);
const map = ShardedMap.create({ capacity: entries, key: "endpoint", recordBytes: 8 });
const { words } = map.region;
const records = map.region.section("records").byteOffset >>> 2;
const present = keysOf(kind, entries);
const wanted = operation === "miss" ? keysOf(kind, entries, true) : present;
/** Five words a key in a row, as a batch of datagrams has them. */
const keys = new Int32Array(entries * 5);
for (let i = 0; i < entries; i++) {
  keys.set([wanted.a0[i]!, wanted.a1[i]!, wanted.a2[i]!, wanted.a3[i]!, wanted.port[i]!], i * 5);
}
let place = 0;

function fill(): void {
  for (let i = 0; i < entries;) {
    const guard = map.enter();
    for (const end = Math.min(entries, i + BATCH); i < end; i++) {
      map.getOrInsertWords(
        present.a0[i]!,
        present.a1[i]!,
        present.a2[i]!,
        present.a3[i]!,
        present.port[i]!,
        0,
      );
    }
    guard.leave();
  }
}

const removing = { a0: 0, a1: 0, a2: 0, a3: 0, port: 0, zone: 0 };

function empty(): void {
  for (let i = 0; i < entries;) {
    const guard = map.enter();
    for (const end = Math.min(entries, i + BATCH); i < end; i++) {
      removing.a0 = present.a0[i]!;
      removing.a1 = present.a1[i]!;
      removing.a2 = present.a2[i]!;
      removing.a3 = present.a3[i]!;
      removing.port = present.port[i]!;
      map.removeEndpoint(removing);
    }
    guard.leave();
  }
}

/** 38 lookups, one removal, and the removed key's return 20 steps later, as in sharded-u32.ts. */
function mix(iterations: number): number {
  let sum = 0;
  for (let done = 0; done < iterations; done += 40) {
    const guard = map.enter();
    for (let n = 0; n < 40; n++) {
      const back = n === 20 ? (place + entries - 20) % entries : place;
      const at = back * 5;
      if (n === 0) {
        removing.a0 = keys[at]!;
        removing.a1 = keys[at + 1]!;
        removing.a2 = keys[at + 2]!;
        removing.a3 = keys[at + 3]!;
        removing.port = keys[at + 4]!;
        sum += map.removeEndpoint(removing);
      } else if (n === 20) {
        sum += map.getOrInsertWords(keys[at]!, keys[at + 1]!, keys[at + 2]!, keys[at + 3]!, keys[at + 4]!, 0);
      } else {
        const slot = map.getWords(keys[at]!, keys[at + 1]!, keys[at + 2]!, keys[at + 3]!, keys[at + 4]!, 0);
        if (slot >= 0) sum += peek(words, records + slot * 2);
      }
      place = place + 1 === entries ? 0 : place + 1;
    }
    guard.leave();
  }
  return sum;
}

function look(iterations: number): number {
  let sum = 0;
  for (let done = 0; done < iterations; done += BATCH) {
    const guard = map.enter();
    for (let n = 0; n < BATCH; n++) {
      const at = place * 5;
      const slot = map.getWords(keys[at]!, keys[at + 1]!, keys[at + 2]!, keys[at + 3]!, keys[at + 4]!, 0);
      if (slot >= 0) sum += peek(words, records + slot * 2);
      place = place + 1 === entries ? 0 : place + 1;
    }
    guard.leave();
  }
  return sum;
}

if (operation === "insert" || operation === "remove") {
  fillAndEmpty(entries, operation === "insert", fill, empty);
} else {
  fill();
  // `measure` counts what it asked for: whole batches only.
  const batch = operation === "mix" ? 40 : BATCH;
  const loop = operation === "mix" ? mix : look;
  measure((iterations) => loop(iterations * batch), { operationsPerIteration: batch });
}
