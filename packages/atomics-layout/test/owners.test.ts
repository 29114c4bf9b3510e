import {
  attachRegion,
  createRegion,
  LayoutError,
  type Owner,
  type Region,
  type RegionOps,
  type RegionPlan,
} from "@udp-relay/atomics-layout";
import { peek, poke } from "@udp-relay/atomics-layout/memory";
import { describe, expect, it } from "vitest";
import { idOf, OwnerTable, TAKEN } from "../src/owner-table.ts";
import { readHeader } from "../src/region-header.ts";

const plan: RegionPlan = { name: "owned", hash: 1, capacity: 1, sections: [], owners: 4 };

function tableOf(region: Region): OwnerTable {
  const { ownersByteOffset, owners } = readHeader(region.words);
  return new OwnerTable(region.words, region.ops, ownersByteOffset, owners);
}

describe("owners", () => {
  it("get different ids, and an entry's next owner the next epoch", () => {
    const region = createRegion(plan);
    const owners = [1, 2, 3, 4].map(() => region.claimOwner());
    expect(owners.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(owners.map(({ epoch }) => epoch)).toEqual([1, 1, 1, 1]);
    expect(() => region.claimOwner()).toThrow("all 4 owner entries are taken");
    expect(owners[2]!.release()).toBe(true);
    expect(owners[2]!.release()).toBe(false);
    const next = region.claimOwner();
    expect([next.index, next.epoch]).toEqual([2, 2]);
    expect(next.id).not.toBe(owners[2]!.id);
    expect(region.isOwnerAlive(next.id)).toBe(true);
    expect(region.isOwnerAlive(owners[2]!.id)).toBe(false);
  });

  it("have ids that are never 0, negative or out of the table, when their epochs wrap too", () => {
    const region = createRegion(plan);
    const words = region.words;
    const entry = readHeader(words).ownersByteOffset / 4;
    words[entry] = ((1 << 22) - 2) << 10;
    const last = region.claimOwner();
    expect([last.epoch, last.index]).toEqual([(1 << 22) - 1, 0]);
    expect(last.id).toBeGreaterThan(0);
    expect(last.alive).toBe(true);
    last.release();
    const wrapped = region.claimOwner();
    expect([wrapped.epoch, wrapped.index, wrapped.id]).toEqual([1, 0, idOf(0, 1)]);
    expect([0, -1, 255, 0x7fff_ffff].map((id) => region.isOwnerAlive(id))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect([0, -1, 255, 0x7fff_ffff].map((id) => region.declareDead(id))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it("die by declaration, once, and never by silence", () => {
    const region = createRegion(plan);
    const there = attachRegion(region.shared, plan);
    const owner = there.claimOwner("worker");
    expect(region.isOwnerAlive(owner.id)).toBe(true);
    expect([region.declareDead(owner.id), there.declareDead(owner.id)]).toEqual([true, false]);
    expect([owner.alive, owner.beat(5), owner.release()]).toEqual([false, false, false]);
    expect(region.owners()).toMatchObject([{ id: owner.id, state: "dead", label: "worker" }]);
  });

  it("keep entry, journal and epoch after their death until every repair has run", () => {
    const region = createRegion({ ...plan, owners: 2 });
    const supervisor = region.claimOwner("supervisor");
    const owner = region.claimOwner("worker");
    for (let i = 0; i < 16; i++) poke(region.words, owner.journalIndex + i, 100 + i);
    region.declareDead(owner.id);
    expect(() => region.claimOwner()).toThrow(LayoutError);
    const seen: unknown[] = [];
    region.onOwnerDeath((index, epoch, takerId) => {
      expect(() => region.claimOwner()).toThrow(LayoutError);
      const journal = region.ownerJournalIndex(owner.id);
      seen.push([index, epoch, takerId, peek(region.words, journal), peek(region.words, journal + 15)]);
    });
    const off = region.onOwnerDeath(() => seen.push("taken back"));
    off();
    region.onOwnerDeath(() => seen.push("second"));
    expect(region.repairDead(supervisor)).toBe(1);
    expect(seen).toEqual([[owner.index, owner.epoch, supervisor.id, 100, 115], "second"]);
    expect(region.repairDead(supervisor)).toBe(0);
    const next = region.claimOwner();
    expect([next.index, next.epoch]).toEqual([owner.index, owner.epoch + 1]);
    expect(Array.from({ length: 16 }, (_, i) => peek(region.words, next.journalIndex + i))).toEqual(
      new Array(16).fill(0),
    );
  });

  it("have journals on lines of their own", () => {
    const region = createRegion(plan);
    const owners = [1, 2, 3, 4].map(() =>
      region.claimOwner("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"),
    );
    for (const { journalIndex } of owners) expect((journalIndex * 4) % 64).toBe(0);
    for (const { journalIndex, index } of owners) {
      for (let i = 0; i < 16; i++) poke(region.words, journalIndex + i, -1 - index);
    }
    expect(region.owners().map(({ id, label }) => [id, label])).toEqual(
      owners.map(({ id }) => [id, "abcdefghijklmnopqrstuvwxyzabcdef"]),
    );
    expect(owners.every(({ alive }) => alive)).toBe(true);
  });

  it("stay dead when their repair fails, to be repaired again", () => {
    const region = createRegion(plan);
    const supervisor = region.claimOwner();
    const [first, second] = [region.claimOwner(), region.claimOwner()];
    let broken = true;
    const repaired: number[] = [];
    region.onOwnerDeath((index) => {
      if (index === first.index && broken) throw new Error("no repair");
      repaired.push(index);
    });
    region.declareDead(first.id);
    region.declareDead(second.id);
    expect(() => region.repairDead(supervisor)).toThrow("no repair");
    expect(repaired).toEqual([second.index]);
    expect(region.owners().map(({ id, state }) => [id, state])).toEqual([
      [supervisor.id, "live"],
      [first.id, "dead"],
    ]);
    broken = false;
    expect(region.repairDead(supervisor)).toBe(1);
    expect(repaired).toEqual([second.index, first.index]);
  });

  it("are not taken over by a thread that lacks a repair", () => {
    const region = createRegion({ ...plan, repairs: 1 });
    const supervisor = region.claimOwner();
    const owner = region.claimOwner();
    region.declareDead(owner.id);
    expect(() => region.repairDead(supervisor)).toThrow("needs 1 repairs, this thread registered 0");
    expect(region.owners().at(-1)).toMatchObject({ id: owner.id, state: "dead" });
    region.onOwnerDeath(() => undefined);
    expect(region.repairDead(supervisor)).toBe(1);
  });

  it("are taken over again when their taker died before it had finished", () => {
    const region = createRegion(plan);
    const table = tableOf(region);
    const [dead, taker, next] = [region.claimOwner(), region.claimOwner(), region.claimOwner()];
    region.declareDead(dead.id);
    expect(table.takeOver(dead.index, taker.id)).toBe(dead.id);
    expect(table.takeOver(dead.index, next.id)).toBe(0);
    expect(region.repairDead(next)).toBe(0);
    expect(table.state(dead.index)).toBe(TAKEN);
    expect(table.finish(dead.id, next.id)).toBe(false);

    region.declareDead(taker.id);
    const repaired: number[] = [];
    region.onOwnerDeath((index) => repaired.push(index));
    expect(region.repairDead(next)).toBe(2);
    expect(repaired.sort()).toEqual([dead.index, taker.index]);
    expect(table.finish(dead.id, taker.id)).toBe(false);
    expect(region.owners().map(({ id }) => id)).toEqual([next.id]);
  });

  it("live on in an entry that another supervisor freed while this one was about to declare its last owner", () => {
    const region = createRegion({ ...plan, owners: 2 });
    const supervisor = region.claimOwner("supervisor");
    const victim = region.claimOwner("victim");
    region.words[victim.journalIndex - 15] = 999 + 1;
    const { ownersByteOffset, owners } = readHeader(region.words);
    let successor: Owner | undefined;
    // Whatever the declaration has read by now, the entry changes hands before it writes.
    const casPair: RegionOps["casPair"] = (...pair) => {
      if (successor === undefined) {
        expect(region.declareThreadDead(999)).toBe(1);
        expect(region.repairDead(supervisor)).toBe(1);
        successor = region.claimOwner("successor");
      }
      return region.ops.casPair(...pair);
    };
    const table = new OwnerTable(region.words, { ...region.ops, casPair }, ownersByteOffset, owners);
    expect(table.declareThreadDead(victim.index, 999)).toBe(false);
    expect([successor!.index, successor!.alive]).toEqual([victim.index, true]);
    expect(table.declareThreadDead(victim.index, 999)).toBe(false);
    expect(successor!.alive).toBe(true);
  });

  it("are found by the thread that claimed them", () => {
    const region = createRegion(plan);
    const owner = region.claimOwner();
    expect(region.declareThreadDead(77)).toBe(0);
    expect(owner.alive).toBe(true);
    expect(region.declareThreadDead(0)).toBe(1);
    expect(region.declareThreadDead(0)).toBe(0);
    expect(owner.alive).toBe(false);
  });
});
