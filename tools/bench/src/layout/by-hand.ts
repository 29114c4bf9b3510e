/**
 * The operations on client.layout.ts's records as somebody writes them who has no generator: `argv[3]` is "class", a
 * cursor class of one's own, or "constants", offsets in place over arrays in module constants, which the compiler can
 * embed because there is but one region in the process: the least that the operation can cost.
 */
import { createRegion, type Region } from "@udp-relay/atomics-layout";
import { add, load, peek, poke } from "@udp-relay/atomics-layout/memory";
import type { RegionOps, Words } from "@udp-relay/atomics-layout/memory";
import { addToCounter, readCounter } from "@udp-relay/atomics-layout/view";
import { measure } from "../measure.ts";
import { Client } from "./client.generated.ts";

const RECORDS = 1024;
const region = createRegion(Client, { capacity: RECORDS });
const { words, ops } = region;
const first = region.section("records").byteOffset / 4;
const received = ops.update.Client_received!;

/** A record's first word. Throws for a slot that there is not, as any careful hand would. */
function wordOf(slot: number): number {
  if (slot >>> 0 !== slot || slot >= RECORDS) throw new RangeError(`there is no slot ${slot}`);
  return first + slot * 32;
}

class HandWritten {
  private readonly words: Words;
  private readonly ops: RegionOps;
  private readonly update: (record: number, byteCount: number, nowMs: number) => void;
  private readonly first: number;
  private readonly capacity: number;
  private word = 0;

  constructor(ofRegion: Region) {
    this.words = ofRegion.words;
    this.ops = ofRegion.ops;
    this.update = ofRegion.ops.update.Client_received!;
    this.first = ofRegion.section("records").byteOffset / 4;
    this.capacity = ofRegion.capacity;
  }

  at(slot: number): this {
    if (slot >>> 0 !== slot || slot >= this.capacity) throw new RangeError(`there is no slot ${slot}`);
    this.word = this.first + slot * 32;
    return this;
  }

  received(byteCount: number, nowMs: number): void {
    this.update(this.word << 2, byteCount, nowMs);
  }

  addPackets(amount: number): number {
    return this.ops.add64(this.word << 2, amount);
  }

  packets(): number {
    return this.ops.load64(this.word << 2);
  }

  addDrops(amount: number): number {
    return add(this.words, this.word + 5, amount) >>> 0;
  }

  seenMs(): number {
    return load(this.words, this.word + 4) >>> 0;
  }

  peekSeenMs(): number {
    return peek(this.words, this.word + 4) >>> 0;
  }

  setOwnSeenMs(tick: number): void {
    poke(this.words, this.word + 20, tick);
  }

  addOwnPackets(amount: number): void {
    addToCounter(this.ops, this.words, this.word + 16, amount);
  }

  addOwnBytes(amount: number): void {
    addToCounter(this.ops, this.words, this.word + 18, amount);
  }

  ownPackets(): number {
    return readCounter(this.ops, (this.word << 2) + 64);
  }

  addOwnDrops(amount: number): void {
    poke(this.words, this.word + 21, peek(this.words, this.word + 21) + amount);
  }
}

const view = new HandWritten(region);

const byClass: Record<string, (iterations: number) => number> = {
  "compound update": (iterations) => {
    for (let i = 0; i < iterations; i++) view.at(i & 1023).received(100, i);
    return view.at(0).packets();
  },
  "single-writer update": (iterations) => {
    for (let i = 0; i < iterations; i++) {
      view.at(i & 1023).setOwnSeenMs(i);
      view.addOwnPackets(1);
      view.addOwnBytes(100);
    }
    return view.at(0).ownPackets();
  },
  "add to an atomic u64": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += view.at(i & 1023).addPackets(1);
    return sum;
  },
  "read an atomic u64": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += view.at(i & 1023).packets();
    return sum;
  },
  "add to an atomic u32": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += view.at(i & 1023).addDrops(1);
    return sum;
  },
  "read an atomic u32": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += view.at(i & 1023).seenMs();
    return sum;
  },
  "peek at an atomic u32": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += view.at(i & 1023).peekSeenMs();
    return sum;
  },
  "read a single-writer u64": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += view.at(i & 1023).ownPackets();
    return sum;
  },
  "add to a single-writer u32": (iterations) => {
    for (let i = 0; i < iterations; i++) view.at(i & 1023).addOwnDrops(1);
    return peek(words, first + 21);
  },
};

const byConstants: Record<string, (iterations: number) => number> = {
  "compound update": (iterations) => {
    for (let i = 0; i < iterations; i++) received(wordOf(i & 1023) << 2, 100, i);
    return ops.load64(first << 2);
  },
  "single-writer update": (iterations) => {
    for (let i = 0; i < iterations; i++) {
      const word = wordOf(i & 1023);
      poke(words, word + 20, i);
      addToCounter(ops, words, word + 16, 1);
      addToCounter(ops, words, word + 18, 100);
    }
    return peek(words, first + 16);
  },
  "add to an atomic u64": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += ops.add64(wordOf(i & 1023) << 2, 1);
    return sum;
  },
  "read an atomic u64": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += ops.load64(wordOf(i & 1023) << 2);
    return sum;
  },
  "add to an atomic u32": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += add(words, wordOf(i & 1023) + 5, 1) >>> 0;
    return sum;
  },
  "read an atomic u32": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += load(words, wordOf(i & 1023) + 4) >>> 0;
    return sum;
  },
  "peek at an atomic u32": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += peek(words, wordOf(i & 1023) + 4) >>> 0;
    return sum;
  },
  "read a single-writer u64": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += readCounter(ops, (wordOf(i & 1023) << 2) + 64);
    return sum;
  },
  "add to a single-writer u32": (iterations) => {
    for (let i = 0; i < iterations; i++) {
      const word = wordOf(i & 1023);
      poke(words, word + 21, peek(words, word + 21) + 1);
    }
    return peek(words, first + 21);
  },
};

measure((process.argv[3] === "class" ? byClass : byConstants)[process.argv[2]!]!);
