import { namesOfRegion } from "@udp-relay/model-check";
import type { NamedRange } from "@udp-relay/model-check";
import { load, store } from "@udp-relay/atomics-layout/memory";
import { attachRegion, createRegion } from "@udp-relay/atomics-layout";
import type { Owner, Region, RegionHandle } from "@udp-relay/atomics-layout";

export const plan = {
  name: "Owned",
  hash: 7,
  capacity: 1,
  owners: 3,
  sections: [{ name: "records", byteLength: 64 }],
};
export const touches = [
  "packages/atomics-layout/src/owner-table.ts",
  "packages/atomics-layout/src/region.ts",
];

export interface Shared {
  readonly region: Region;
  readonly handle: RegionHandle;
  /** Claimed and declared dead, where a scenario starts with one. */
  readonly victim: number;
}

export function setup(owners: number, prepare: (region: Region) => number = () => 0): Shared {
  const region = createRegion({ ...plan, owners });
  return { region, handle: region.shared, victim: prepare(region) };
}

export function claimedAndDead(region: Region): number {
  const { id } = region.claimOwner("victim");
  region.declareDead(id);
  return id;
}

/** The table's place follows from the header; words 0 to 2 of each entry, and its journal, have names. */
export function names({ region }: Shared): NamedRange[] {
  const { memory } = region;
  const byteOffset = region.ownerJournalIndex(0) * 4 - 64;
  const fields = { state: 0, thread: 4, lastSeen: 8, label: 32, journal: 64 };
  const entries: NamedRange = { memory, name: "owner", byteOffset, byteLength: 128 * 4, stride: 128, fields };
  return [entries, ...namesOfRegion(region, { records: 4 })];
}

export interface Taker {
  readonly region: Region;
  readonly owner: Owner;
}

export function attachTaker({ handle }: Shared): Taker {
  const region = attachRegion(handle, plan);
  return { region, owner: region.claimOwner("taker") };
}

/** Adds one to the word that counts repairs; a repair is not atomic, and two at once would lose an addition. */
export function countRepair(region: Region): void {
  const word = region.section("records").byteOffset >>> 2;
  store(region.words, word, load(region.words, word) + 1);
}

export const repairs = (region: Region): number =>
  load(region.words, region.section("records").byteOffset >>> 2);

/** Everything that is dead, each counted. */
export function repairWith({ region, owner }: Taker): number {
  region.onOwnerDeath(() => {
    countRepair(region);
  });
  return region.repairDead(owner);
}
