import { describe, expect, it } from "vitest";
import { RelayMemory } from "../src/shared/relay-memory.ts";

const budget = () => RelayMemory.create({ workers: 1, slots: 4, pingPrefixes: 8, pairs: 8 }).budget;
/** A table's handle: generation x 2^24 + slot. */
const handle = (slot: number, generation: number): number => generation * 2 ** 24 + slot;
const sent = (bytes: number) => (): number => bytes;

describe("amplification budget", () => {
  it("lets 4 KiB pass to who registered with 8 bytes, and everything once it has answered", () => {
    const limit = budget();
    const it1 = handle(2, 5);
    limit.received(2, it1);
    let passed = 0;
    while (limit.spend(2, it1, 100, sent(8))) passed += 100;
    expect(passed).toBe(4_000);
    expect(limit.spend(2, it1, 96, sent(8))).toBe(true);
    expect(limit.spend(2, it1, 1, sent(8))).toBe(false);
    limit.received(2, it1);
    for (let i = 0; i < 1_000; i++) expect(limit.spend(2, it1, 1_400, sent(8))).toBe(true);
  });

  it("lets three times its bytes pass to who sent more", () => {
    const limit = budget();
    let passed = 0;
    while (limit.spend(1, handle(1, 1), 1, sent(2_000))) passed++;
    expect(passed).toBe(6_000);
  });

  it("begins anew with the slot's next client", () => {
    const limit = budget();
    limit.spend(0, handle(0, 1), 10, sent(8));
    limit.received(0, handle(0, 1));
    expect(limit.spend(0, handle(0, 2), 4_097, sent(8))).toBe(false);
    expect(limit.spend(0, handle(0, 2), 4_096, sent(8))).toBe(true);
    expect(limit.spend(0, handle(0, 2), 1, sent(8))).toBe(false);
  });

  it("begins anew at the least when the id moves to another endpoint, whatever the old one sent", () => {
    const limit = budget();
    limit.spend(3, handle(3, 9), 10, sent(1e6));
    limit.received(3, handle(3, 9));
    limit.rebound(3, handle(3, 9));
    // Not confirmed by what it sends before anything was forwarded to it.
    limit.received(3, handle(3, 9));
    expect(limit.spend(3, handle(3, 9), 4_097, sent(1e6))).toBe(false);
    expect(limit.spend(3, handle(3, 9), 4_096, sent(1e6))).toBe(true);
    expect(limit.spend(3, handle(3, 9), 1, sent(1e6))).toBe(false);
    limit.received(3, handle(3, 9));
    expect(limit.spend(3, handle(3, 9), 60_000, sent(1e6))).toBe(true);
  });
});
