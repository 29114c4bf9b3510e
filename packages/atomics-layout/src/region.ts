import { threadId } from "node:worker_threads";
import {
  bytesOf,
  doublesOf,
  floatsOf,
  instantiate,
  readBytes,
  shortsOf,
  writeBytes,
} from "@udp-relay/atomics-layout/memory";
import type {
  Bytes,
  CompoundUpdate,
  Doubles,
  Floats,
  RegionOps,
  SharedMemory,
  Shorts,
  Words,
} from "@udp-relay/atomics-layout/memory";
import { LayoutError } from "./atomics-layout-error.ts";
import { DEAD, epochOfId, FREE, indexOf, LIVE, OwnerTable } from "./owner-table.ts";
import { Owner } from "./owner.ts";
import { HANDLE_KIND, type RegionHandle } from "./region-handle.ts";
import type { HashKeys, Section, SoundHeader } from "./region-header.ts";

/** Puts right what a dead owner left: it runs in the thread that took the owner over, which is `takerId`. */
export type OwnerRepair = (index: number, epoch: number, takerId: number) => void;

/** An entry of the owners' table as it was when it was read. */
export interface OwnerReport {
  readonly id: number;
  readonly index: number;
  readonly epoch: number;
  readonly state: "live" | "dead" | "taken over";
  readonly threadId: number;
  readonly lastSeenTick: number;
  readonly label: string;
}

const LABEL_BYTES = 32;

/** Shared memory of fixed size with a checked header, as one thread sees it. Every thread attaches for itself. */
export class Region {
  readonly name: string;
  readonly hash: number;
  readonly capacity: number;
  readonly memory: SharedMemory;
  readonly words: Words;
  readonly bytes: Bytes;
  readonly shorts: Shorts;
  readonly floats: Floats;
  readonly doubles: Doubles;
  readonly ops: RegionOps;
  readonly parameters: readonly number[];
  /** 128 random bits, the same in every thread and different in every region: the seed of keyed hashes. */
  readonly hashKeys: HashKeys;
  /** What another thread attaches with: send it by `postMessage` or as `workerData`. */
  readonly shared: RegionHandle;
  readonly #sections: ReadonlyMap<string, Section>;
  readonly #owners: OwnerTable;
  readonly #repairsNeeded: number;
  readonly #repairs = new Set<OwnerRepair>();

  /** Use `createRegion` or `attachRegion`. */
  constructor(memory: SharedMemory, words: Words, header: SoundHeader, updates: readonly CompoundUpdate[]) {
    this.name = header.name;
    this.hash = header.hash;
    this.capacity = header.capacity;
    this.memory = memory;
    this.words = words;
    this.bytes = bytesOf(memory);
    this.shorts = shortsOf(memory);
    this.floats = floatsOf(memory);
    this.doubles = doublesOf(memory);
    this.ops = instantiate(memory, updates);
    this.parameters = header.parameters;
    this.hashKeys = header.hashKeys;
    this.shared = { kind: HANDLE_KIND, memory };
    this.#sections = new Map(header.sections.map((section) => [section.name, section]));
    this.#owners = new OwnerTable(words, this.ops, header.ownersByteOffset, header.owners);
    this.#repairsNeeded = header.repairs;
  }

  /** @throws LayoutError ERR_REGION_SECTION */
  section(name: string): Section {
    const section = this.#sections.get(name);
    if (section !== undefined) return section;
    const known = [...this.#sections.keys()].join(", ");
    throw new LayoutError(
      "ERR_REGION_SECTION",
      `region "${this.name}" has no section "${name}" (it has: ${known})`,
    );
  }

  /**
   * Claims an entry of the owners' table for this thread; `superviseWorker` finds it by the thread's id.
   *
   * @param label for reports; cut after 32 bytes
   * @throws LayoutError ERR_REGION_OWNERS if every entry is taken
   *
   * Concurrency: any thread; lock-free, never waits.
   */
  claimOwner(label = ""): Owner {
    const id = this.#owners.claim(threadId);
    if (id === 0) {
      throw new LayoutError(
        "ERR_REGION_OWNERS",
        `region "${this.name}": all ${this.#owners.length} owner entries are taken`,
      );
    }
    const bytes = new TextEncoder().encode(label).subarray(0, LABEL_BYTES);
    writeBytes(this.bytes, this.#owners.labelByteOffset(indexOf(id)), bytes);
    return new Owner(this.#owners, id);
  }

  /** Every entry that is not free. Concurrency: any thread; entries may change while they are read. */
  owners(): OwnerReport[] {
    const reports: OwnerReport[] = [];
    for (let index = 0; index < this.#owners.length; index++) {
      const state = this.#owners.state(index);
      if (state === FREE) continue;
      const id = this.#owners.id(index);
      const label = new Uint8Array(LABEL_BYTES);
      readBytes(this.bytes, this.#owners.labelByteOffset(index), label);
      const end = label.indexOf(0);
      reports.push({
        id,
        index,
        epoch: epochOfId(id),
        state: state === LIVE ? "live" : state === DEAD ? "dead" : "taken over",
        threadId: this.#owners.threadId(index),
        lastSeenTick: this.#owners.lastSeenTick(index),
        label: new TextDecoder().decode(label.subarray(0, end < 0 ? LABEL_BYTES : end)),
      });
    }
    return reports;
  }

  /** True until the owner of that id released or was declared dead. Concurrency: any thread; one atomic read. */
  isOwnerAlive(id: number): boolean {
    return this.#owners.isAlive(id);
  }

  /** The tick of an owner's last beat (u32), 0 before the first. Concurrency: any thread; one atomic read. */
  ownerLastSeenTick(id: number): number {
    return this.#owners.lastSeenTick(indexOf(id));
  }

  /** Index in `words` of the journal of that owner, living or dead: see `Owner.journalIndex`. */
  ownerJournalIndex(id: number): number {
    return this.#owners.journalIndex(indexOf(id));
  }

  /**
   * Declares dead an owner whose thread has ended. Silence is no death: a paused thread resumes and writes on.
   *
   * @returns true for exactly one caller, in all threads
   *
   * Concurrency: any thread; never waits.
   */
  declareDead(id: number): boolean {
    return this.#owners.declareDead(id);
  }

  /**
   * Declares every owner dead that a thread had claimed.
   *
   * @param endedThreadId the worker's `threadId`, taken while it lived
   * @returns how many this call declared
   *
   * Concurrency: any thread; never waits.
   */
  declareThreadDead(endedThreadId: number): number {
    let declared = 0;
    for (let index = 0; index < this.#owners.length; index++) {
      if (this.#owners.declareThreadDead(index, endedThreadId)) declared++;
    }
    return declared;
  }

  /**
   * Registers what this thread does when it takes over a dead owner. It must bear being run again for the same owner:
   * if the repairing thread dies in it, another one starts anew.
   *
   * @returns a function that takes the registration back
   */
  onOwnerDeath(repair: OwnerRepair): () => void {
    this.#repairs.add(repair);
    return () => void this.#repairs.delete(repair);
  }

  /**
   * Takes over every owner that is dead and nobody's yet, or whose taker has died, runs the registered repairs and
   * frees the entries. Two threads never repair the same owner at once.
   *
   * @returns how many owners were repaired
   * @throws LayoutError ERR_REGION_REPAIR if this thread registered fewer repairs than the region needs; nothing is
   * taken over then. What a repair throws is thrown on after the others ran; its owner stays dead, to be tried again.
   *
   * Concurrency: any living owner's thread; never waits for another.
   */
  repairDead(taker: Owner): number {
    if (this.#repairs.size < this.#repairsNeeded) {
      const text = `region "${this.name}" needs ${this.#repairsNeeded} repairs, this thread registered ${this.#repairs.size}`;
      throw new LayoutError("ERR_REGION_REPAIR", text);
    }
    const ids = this.#takeOverAll(taker.id);
    const failed = new Set<number>();
    const errors: unknown[] = [];
    for (const id of ids) {
      for (const repair of this.#repairs) {
        try {
          repair(indexOf(id), epochOfId(id), taker.id);
        } catch (error) {
          failed.add(id);
          errors.push(error);
        }
      }
    }
    for (const id of ids) {
      if (failed.has(id)) this.#owners.abandon(id, taker.id);
      else this.#owners.finish(id, taker.id);
    }
    if (errors.length > 0) throw errors[0];
    return ids.length;
  }

  /** A taken-over owner may have been a taker itself: what it held is an orphan now, so look again until none is left. */
  #takeOverAll(takerId: number): number[] {
    const ids: number[] = [];
    for (let pass = 0; pass <= this.#owners.length; pass++) {
      const before = ids.length;
      for (let index = 0; index < this.#owners.length; index++) {
        const id = this.#owners.takeOver(index, takerId);
        if (id !== 0) ids.push(id);
      }
      if (ids.length === before) break;
    }
    return ids;
  }
}
