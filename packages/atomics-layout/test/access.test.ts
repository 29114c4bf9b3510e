import * as memoryModule from "@udp-relay/atomics-layout/memory";
import {
  add,
  allocate,
  and,
  bytesOf,
  compareExchange,
  doublesOf,
  exchange,
  floatsOf,
  instantiate,
  load,
  notify,
  or,
  PAGE_BYTES,
  pause,
  peek,
  peek16,
  peek8,
  peekF32,
  peekF64,
  poke,
  poke16,
  poke8,
  pokeF32,
  pokeF64,
  readBytes,
  shortsOf,
  store,
  sub,
  wait,
  wordsOf,
  writeBytes,
  xor,
} from "@udp-relay/atomics-layout/memory";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";

const memory = allocate(64);
const words = wordsOf(memory);
const AT = 5;

describe("the memory module", () => {
  it("allocates whole pages, shared, zeroed, of a size that stays", () => {
    for (const [asked, pages] of [
      [1, 1],
      [65_536, 1],
      [65_537, 2],
    ] as const) {
      const { buffer } = allocate(asked);
      expect(buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(buffer.byteLength).toBe(pages * PAGE_BYTES);
      expect(new Uint8Array(buffer).some((byte) => byte !== 0)).toBe(false);
      expect(buffer.growable).toBe(false);
    }
  });

  it.each<[string, (words: memoryModule.Words, index: number, value: number) => unknown, number]>([
    ["add", add, 13],
    ["sub", sub, 7],
    ["and", and, 10 & 3],
    ["or", or, 10 | 3],
    ["xor", xor, 10 ^ 3],
    ["exchange", exchange, 3],
    ["store", store, 3],
    ["poke", poke, 3],
  ])("%s changes the word and gives the one before", (name, operation, after) => {
    words[AT] = 10;
    const before = operation(words, AT, 3);
    expect(before).toBe(name === "store" || name === "poke" ? undefined : 10);
    expect([load(words, AT), peek(words, AT)]).toEqual([after, after]);
    expect([words[AT - 1], words[AT + 1]]).toEqual([0, 0]);
  });

  it("keeps int32, and wraps", () => {
    store(words, AT, 0xffff_ffff);
    expect(load(words, AT)).toBe(-1);
    expect(add(words, AT, 1)).toBe(-1);
    expect(load(words, AT)).toBe(0);
    expect(sub(words, AT, 0x8000_0000)).toBe(0);
    expect(load(words, AT)).toBe(-0x8000_0000);
  });

  it("compares and exchanges", () => {
    store(words, AT, 4);
    expect([compareExchange(words, AT, 5, 6), load(words, AT)]).toEqual([4, 4]);
    expect([compareExchange(words, AT, 4, -6), load(words, AT)]).toEqual([4, -6]);
    expect([compareExchange(words, AT, 0xffff_fffa, 0), load(words, AT)]).toEqual([-6, 0]);
  });

  it("reaches bytes, shorts, floats and doubles of the same memory", () => {
    const [bytes, shorts] = [bytesOf(memory), shortsOf(memory)];
    poke8(bytes, 32, 0x1ff);
    poke8(bytes, 33, 0x80);
    expect([peek8(bytes, 32), peek8(bytes, 33), peek16(shorts, 16)]).toEqual([0xff, 0x80, 0x80ff]);
    poke16(shorts, 17, 0x1_ffff);
    expect([peek16(shorts, 17), peek(words, 8)]).toEqual([0xffff, 0xffff_80ff | 0]);
    pokeF32(floatsOf(memory), 9, 1.5);
    pokeF64(doublesOf(memory), 6, Math.PI);
    expect([peekF32(floatsOf(memory), 9), peekF64(doublesOf(memory), 6)]).toEqual([1.5, Math.PI]);
    expect(words[9]).toBe(0x3fc0_0000);
  });

  it("copies bytes in and out", () => {
    const bytes = bytesOf(memory);
    writeBytes(bytes, 101, Uint8Array.of(1, 2, 3));
    const target = new Uint8Array(5);
    readBytes(bytes, 100, target);
    expect([...target]).toEqual([0, 1, 2, 3, 0]);
  });

  it("waits, and is woken by another thread's notify", async () => {
    const cell = AT + 1;
    store(words, cell, 0);
    expect(wait(words, cell, 1)).toBe("not-equal");
    expect(wait(words, cell, 0, 1)).toBe("timed-out");
    expect(notify(words, cell)).toBe(0);
    const source = `
      const { workerData: { words, cell } } = require("node:worker_threads");
      while (Atomics.notify(words, cell) === 0) Atomics.wait(words, 0, 0, 1);`;
    const worker = new Worker(source, { eval: true, workerData: { words, cell } });
    expect(wait(words, cell, 0, 20_000)).toBe("ok");
    await worker.terminate();
  });

  it("fences and pauses without a value", () => {
    const { fence } = instantiate(memory, []);
    expect(fence).not.toThrow();
    expect(pause).not.toThrow();
  });
});
