import { allocate } from "@udp-relay/atomics-layout/memory";
import type { CompoundUpdate, SharedMemory } from "@udp-relay/atomics-layout/memory";
import { LayoutError } from "./atomics-layout-error.ts";
import { HANDLE_KIND, type RegionHandle, sharedWordsOf } from "./region-handle.ts";
import { initializeHeader, readHeader } from "./region-header.ts";
import type { HashKeys, RegionHeader, SoundHeader } from "./region-header.ts";
import { layOut, planRecords } from "./region-plan.ts";
import type { RecordLayout, RegionOptions, RegionPlan } from "./region-plan.ts";
import { Region } from "./region.ts";

/** Which region an attaching thread wants; a layout is one. */
export interface ExpectedRegion {
  readonly name: string;
  readonly hash: number;
  readonly updates?: readonly CompoundUpdate[] | undefined;
}

/** How `createRegion` gets its memory. */
export interface CreateOptions {
  /** A memory of exactly the plan's size, zeroed or being initialised by other threads with an equal plan. */
  readonly memory?: SharedMemory | undefined;
}

/**
 * Creates a region: `capacity` records of a layout in the section "records", or whatever a plan says.
 *
 * @throws LayoutError ERR_REGION_PLAN, ERR_LAYOUT_UPDATE; with a memory given also what `attachRegion` throws
 */
export function createRegion(layout: RecordLayout, options: RegionOptions & CreateOptions): Region;
export function createRegion(plan: RegionPlan, options?: CreateOptions): Region;
export function createRegion(
  what: RecordLayout | RegionPlan,
  options: CreateOptions | (RegionOptions & CreateOptions) = {},
): Region {
  const plan = "sections" in what ? what : planRecords(what, options as RegionOptions);
  const header = layOut(plan);
  const memory = options.memory ?? allocate(header.byteLength);
  const words = sharedWordsOf(memory);
  if (words.byteLength !== header.byteLength) {
    throw new LayoutError(
      "ERR_REGION_SIZE",
      `the plan takes ${header.byteLength} bytes, the memory has ${words.byteLength}`,
    );
  }
  if (!initializeHeader(words, header, randomKeys())) {
    throw new LayoutError(
      "ERR_REGION_LAYOUT",
      `the memory is being initialised for something else than "${plan.name}"`,
    );
  }
  const found = readHeader(words);
  requireExpected(found, plan);
  // One hash may have several sizes: a smaller region must not pass for the one that was asked for.
  if (sizesOf(found) !== sizesOf(header)) {
    throw new LayoutError(
      "ERR_REGION_LAYOUT",
      `the memory holds a region "${plan.name}" of another capacity, owners, repairs, parameters or sections`,
    );
  }
  return new Region(memory, words, found, plan.updates ?? NO_UPDATES);
}

/**
 * Attaches to the region behind a handle.
 *
 * @throws LayoutError ERR_REGION_HANDLE, _NOT_SHARED, _SIZE, _NOT_READY, _MAGIC, _VERSION, _CORRUPT, _LAYOUT
 *
 * Concurrency: any thread of the process; never waits.
 */
export function attachRegion(handle: RegionHandle, expected: ExpectedRegion): Region {
  const given = handle as unknown;
  if (typeof given !== "object" || given === null || (given as { kind?: unknown }).kind !== HANDLE_KIND) {
    throw new LayoutError("ERR_REGION_HANDLE", "this is no handle of a region (region.shared)");
  }
  const words = sharedWordsOf(handle.memory);
  const found = readHeader(words);
  requireExpected(found, expected);
  return new Region(handle.memory, words, found, expected.updates ?? NO_UPDATES);
}

const NO_UPDATES: readonly CompoundUpdate[] = [];

function requireExpected(header: SoundHeader, expected: ExpectedRegion): void {
  if (header.name === expected.name && header.hash >>> 0 === expected.hash >>> 0) return;
  const found = `"${header.name}" (layout hash ${hex(header.hash)})`;
  const wanted =
    header.name === expected.name
      ? `of the hash that was expected, ${hex(expected.hash)}: another layout, or another version of it`
      : `"${expected.name}" (${hex(expected.hash)})`;
  throw new LayoutError("ERR_REGION_LAYOUT", `the region is ${found}, not ${wanted}`);
}

/** Everything of a plan that name and hash leave open. */
function sizesOf({ capacity, byteLength, owners, repairs, parameters, sections }: RegionHeader): string {
  const places = sections.map((section) => [
    section.name,
    section.byteOffset,
    section.byteLength,
    section.align,
  ]);
  return JSON.stringify([capacity, byteLength, owners, repairs, parameters, places]);
}

function randomKeys(): HashKeys {
  const [a, b, c, d] = crypto.getRandomValues(new Int32Array(4)) as unknown as HashKeys;
  return [a, b, c, d];
}

function hex(hash: number): string {
  return `0x${(hash >>> 0).toString(16).padStart(8, "0")}`;
}
