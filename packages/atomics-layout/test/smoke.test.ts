import { attachRegion, createRegion } from "@udp-relay/atomics-layout";
import { load, peek, poke, store } from "@udp-relay/atomics-layout/memory";
import { describe, expect, it } from "vitest";

describe("a region", () => {
  it("is created, attached by its handle, and shared", () => {
    const plan = { name: "smoke", hash: 7, capacity: 4, sections: [{ name: "cells", byteLength: 256 }] };
    const here = createRegion(plan);
    const there = attachRegion(structuredClone(here.shared), { name: "smoke", hash: 7 });

    const cell = here.section("cells").byteOffset / 4;
    store(here.words, cell, -5);
    poke(here.words, cell + 1, 6);
    expect(load(there.words, cell)).toBe(-5);
    expect(peek(there.words, cell + 1)).toBe(6);
    expect(there.hashKeys).toEqual(here.hashKeys);
    expect(there.capacity).toBe(4);
  });

  it("gives owners their entries", () => {
    const region = createRegion({ name: "smoke", hash: 7, capacity: 1, sections: [], owners: 2 });
    const owner = region.claimOwner("main");
    expect(region.owners()).toMatchObject([{ id: owner.id, state: "live", label: "main", threadId: 0 }]);
    expect(owner.beat(12)).toBe(true);
    expect(region.ownerLastSeenTick(owner.id)).toBe(12);
    expect(owner.release()).toBe(true);
    expect(owner.beat(13)).toBe(false);
    expect(region.owners()).toEqual([]);
  });
});
