/**
 * The lookup of sharded-u32.ts word for word, but with shared words indexed in place instead of through the memory
 * module's `peek`: what the module costs. `ENTRIES`.
 */
import { ShardedMap } from "@udp-relay/sharded-map";
import { measure } from "../measure.ts";
import { keysOf } from "./keys.ts";

const BATCH = 64;
const entries = Number(process.argv[2]);
const map = ShardedMap.create({ capacity: entries, key: "u32", recordBytes: 8 });
const keys = keysOf("u32", entries).u32;

interface Insides {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly tables: Int32Array;
  readonly u32Guard: { readonly depth: number };
  readonly selectorsAt: number;
  readonly identityAt: number;
  readonly cellBits: number;
  readonly cellMask: number;
  readonly shardMask: number;
  readonly slotMask: number;
}

class InPlace {
  declare private readonly words: Int32Array<SharedArrayBuffer>;
  declare private readonly tables: Int32Array;
  declare private readonly u32Guard: { readonly depth: number };
  declare private readonly selectorsAt: number;
  declare private readonly identityAt: number;
  declare private readonly cellBits: number;
  declare private readonly cellMask: number;
  declare private readonly shardMask: number;
  declare private readonly slotMask: number;

  constructor(insides: Insides) {
    this.words = insides.words;
    this.tables = insides.tables;
    this.u32Guard = insides.u32Guard;
    this.selectorsAt = insides.selectorsAt;
    this.identityAt = insides.identityAt;
    this.cellBits = insides.cellBits;
    this.cellMask = insides.cellMask;
    this.shardMask = insides.shardMask;
    this.slotMask = insides.slotMask;
  }

  get(key: number): number {
    if (this.u32Guard.depth === 0) throw new Error("no guard");
    const { words, tables, cellMask, slotMask } = this;
    const wanted = key | 0;
    const hash =
      tables[wanted & 255]! ^
      tables[256 + ((wanted >>> 8) & 255)]! ^
      tables[512 + ((wanted >>> 16) & 255)]! ^
      tables[768 + (wanted >>> 24)]!;
    const segment = words[this.selectorsAt + ((hash >>> this.cellBits) & this.shardMask)]!;
    const home = hash & cellMask;
    let cell = home;
    do {
      const word = words[segment + cell]!;
      if (((word ^ hash) & ~slotMask) === 0) {
        const at = this.identityAt + ((word & slotMask) << 1);
        if (words[at + 1] === wanted && (words[at]! & 1) !== 0) return (word & slotMask) - 1;
      }
      if (word === 0) return -1;
      cell = (cell + 1) & cellMask;
    } while (cell !== home);
    return -1;
  }
}

const filling = map.enter();
for (let i = 0; i < entries; i++) map.getOrInsert(keys[i]!);
filling.leave();
const inPlace = new InPlace(map as unknown as Insides);
const { words } = map.region;
const records = map.region.section("records").byteOffset >>> 2;
let place = 0;

measure(
  (iterations) => {
    let sum = 0;
    for (let done = 0; done < iterations; done++) {
      const guard = map.enter();
      for (let n = 0; n < BATCH; n++) {
        sum += words[records + inPlace.get(keys[place]!) * 2]!;
        place = place + 1 === entries ? 0 : place + 1;
      }
      guard.leave();
    }
    return sum;
  },
  { operationsPerIteration: BATCH },
);
