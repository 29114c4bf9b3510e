import type { Owner, Region } from "@udp-relay/atomics-layout";
import type { RegionOps, Words } from "@udp-relay/atomics-layout/memory";
import type { ShardedMap } from "@udp-relay/sharded-map";
import { LINE_WORDS, METRICS_WORDS, recordLayout } from "./client-record.ts";
import { spreadOver } from "./fold-spread.ts";
import { type TableSettings, readSettings } from "./table-settings.ts";

/** A fold's share of the time constant: what one interval blurs stays below half of it. */
const FOLDS_PER_TIME_CONSTANT = 32;

/** What the table's owner entries are called; the map has entries of its own. */
export const OWNER_LABEL = "tunnel-client";

/** Where everything is, and what this thread knows of it: one object of one shape that all of the table's files share. */
export class TableMemory {
  readonly map: ShardedMap;
  readonly region: Region;
  readonly words: Words;
  readonly ops: RegionOps;
  readonly settings: TableSettings;
  readonly owner: Owner;
  readonly ownerId: number;
  /** Line 1 of slot 0, in words. */
  readonly linesAt: number;
  readonly recordWords: number;
  readonly metricsAt: number;
  readonly departuresAt: number;
  readonly expiriesAt: number;
  readonly countersAt: number;
  readonly timeConstantMs: number;
  /** A rate is folded at most this often, in ms. */
  readonly foldMs: number;
  /** See `spreadOver`: of a whole fold interval. */
  readonly foldSpread: number;
  /** Priorities that this thread computed. */
  recomputes = 0;

  constructor(map: ShardedMap, owner: Owner) {
    const { region } = map;
    const settings = readSettings(region);
    const byteLength = recordLayout(settings.keyWords === 1 ? "u32" : "endpoint").byteLength;
    this.map = map;
    this.region = region;
    this.words = region.words;
    this.ops = region.ops;
    this.settings = settings;
    this.owner = owner;
    this.ownerId = owner.id;
    this.recordWords = byteLength / 4;
    this.linesAt = region.section("records").byteOffset / 4 + this.recordWords - 2 * LINE_WORDS;
    this.metricsAt = region.section("metrics").byteOffset / 4;
    this.departuresAt = region.section("departures").byteOffset / 4;
    this.countersAt = region.section("counters").byteOffset / 4;
    this.expiriesAt = region.section("expiries").byteOffset / 4;
    this.timeConstantMs = settings.timeConstantMs;
    this.foldMs = Math.max(1, Math.floor(settings.timeConstantMs / FOLDS_PER_TIME_CONSTANT));
    this.foldSpread = spreadOver(this.foldMs / this.timeConstantMs);
  }
}

/** Index of the line that receiving from a client changes. */
export function receiveLine(memory: TableMemory, slot: number): number {
  return memory.linesAt + slot * memory.recordWords;
}

/** Index of the line that sending to a client changes. */
export function sendLine(memory: TableMemory, slot: number): number {
  return memory.linesAt + slot * memory.recordWords + LINE_WORDS;
}

export function metricsOf(memory: TableMemory, slot: number): number {
  return memory.metricsAt + slot * METRICS_WORDS;
}

/** Handles hold the slot in their low 24 bits and the generation above (sharded-map's `handle`). */
export function generationOfHandle(handle: number): number {
  return Math.floor(handle / 2 ** 24);
}
