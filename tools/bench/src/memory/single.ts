/** One operation on one of 1,024 words in turn, a cache line each: `node single.ts OPERATION`. */
import {
  add,
  allocate,
  compareExchange,
  instantiate,
  load,
  peek,
  poke,
  store,
  wordsOf,
} from "@udp-relay/atomics-layout/memory";
import { measure } from "../measure.ts";

const LINES = 1024;
const memory = allocate(LINES * 64);
const words = wordsOf(memory);
const wide = new BigInt64Array(memory.buffer);
const ops = instantiate(memory, []);
/** Four more regions of this thread, so that one call site meets five instances. */
const others = [0, 1, 2, 3].map(() => instantiate(allocate(LINES * 64), []));
const several = [ops, ...others];

const loops: Record<string, (iterations: number) => number> = {
  "read: in place": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum = (sum + words[(i & 1023) << 4]!) | 0;
    return sum;
  },
  "read: peek": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum = (sum + peek(words, (i & 1023) << 4)) | 0;
    return sum;
  },
  "read: load": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum = (sum + load(words, (i & 1023) << 4)) | 0;
    return sum;
  },
  "read: load64": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += ops.load64((i & 1023) << 6);
    return sum;
  },
  "read: loadPair": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum = (sum + ops.loadPair((i & 1023) << 6)) | 0;
    return sum;
  },
  "read: Atomics.load, BigInt": (iterations) => {
    let sum = 0n;
    for (let i = 0; i < iterations; i++) sum += Atomics.load(wide, (i & 1023) << 3);
    return Number(sum);
  },
  "write: in place": (iterations) => {
    for (let i = 0; i < iterations; i++) words[(i & 1023) << 4] = i;
    return words[0]!;
  },
  "write: poke": (iterations) => {
    for (let i = 0; i < iterations; i++) poke(words, (i & 1023) << 4, i);
    return words[0]!;
  },
  "write: store": (iterations) => {
    for (let i = 0; i < iterations; i++) store(words, (i & 1023) << 4, i);
    return words[0]!;
  },
  "write: store64": (iterations) => {
    for (let i = 0; i < iterations; i++) ops.store64((i & 1023) << 6, i);
    return words[0]!;
  },
  "add: in place": (iterations) => {
    for (let i = 0; i < iterations; i++) words[(i & 1023) << 4]!++;
    return words[0]!;
  },
  "add: add": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum = (sum + add(words, (i & 1023) << 4, 1)) | 0;
    return sum;
  },
  "add: add64": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += ops.add64((i & 1023) << 6, 1);
    return sum;
  },
  "add: add64, five regions": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += several[i % 5]!.add64((i & 1023) << 6, 1);
    return sum;
  },
  "add: Atomics.add, BigInt": (iterations) => {
    let sum = 0n;
    for (let i = 0; i < iterations; i++) sum += Atomics.add(wide, (i & 1023) << 3, 1n);
    return Number(sum);
  },
  "swap: compareExchange": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) {
      const at = (i & 1023) << 4;
      const old = peek(words, at);
      sum += compareExchange(words, at, old, old + 1) === old ? 1 : 0;
    }
    return sum;
  },
  "swap: casPair": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) {
      const at = (i & 1023) << 4;
      const old = peek(words, at);
      sum += ops.casPair(at << 2, old, 0, old + 1, 0);
    }
    return sum;
  },
  "fence: poke, fence": (iterations) => {
    for (let i = 0; i < iterations; i++) {
      poke(words, (i & 1023) << 4, i);
      ops.fence();
    }
    return words[0]!;
  },
  "fence: store": (iterations) => {
    for (let i = 0; i < iterations; i++) store(words, (i & 1023) << 4, i);
    return words[0]!;
  },
};

const operation = process.argv[2] ?? "";
const loop = loops[operation];
if (loop === undefined) throw new Error(`no operation "${operation}"`);
measure(loop);
