import { describe, expect, it } from "vitest";
import { RelayMemory } from "../src/shared/relay-memory.ts";

const memory = () => RelayMemory.create({ workers: 2, slots: 3, pingPrefixes: 8, pairs: 8, echoes: true });

describe("the shared echo log", () => {
  it("gives the time between forwarding a stamp and its echo, to another thread's view too, once", () => {
    const shared = memory();
    const other = RelayMemory.attach(shared.shared);
    shared.echoes!.forwarded(1, 77, 1_000);
    expect(other.echoes!.echoed(1, 77, 6_500)).toBe(5.5);
    expect(shared.echoes!.echoed(1, 77, 7_000)).toBe(-1);
  });

  it("keeps slots apart, and forgets with the slot's client", () => {
    const { echoes } = memory();
    echoes!.forwarded(0, 5, 100);
    expect(echoes!.echoed(1, 5, 200)).toBe(-1);
    echoes!.forget(0);
    expect(echoes!.echoed(0, 5, 200)).toBe(-1);
    expect(echoes!.echoed(0, 0, 200)).toBe(-1);
  });

  it("remembers the last 16 stamps, the latest of equal ones first, across the wraps of both", () => {
    const { echoes } = memory();
    for (let stamp = 1; stamp <= 17; stamp++) echoes!.forwarded(2, stamp, stamp * 10);
    expect(echoes!.echoed(2, 1, 1_000)).toBe(-1);
    expect(echoes!.echoed(2, 2, 1_020)).toBe(1);
    echoes!.forwarded(2, 0xffff_fffe, 0xffff_ff00);
    echoes!.forwarded(2, 0xffff_fffe, 0xffff_fff0);
    expect(echoes!.echoed(2, 0xffff_fffe, 984)).toBe(1);
    expect(echoes!.echoed(2, 0xffff_fffe, 744)).toBe(1);
  });

  it("is not there where nothing measures", () => {
    expect(RelayMemory.create({ workers: 1, slots: 3 }).echoes).toBeUndefined();
  });
});
