import { PAGE_BYTES } from "@udp-relay/atomics-layout/memory";
import type { CompoundUpdate } from "@udp-relay/atomics-layout/memory";
import { LayoutError } from "./atomics-layout-error.ts";
import { MAX_PARAMETERS, MAX_SECTIONS, NAME_BYTES, sectionTableEnd } from "./region-header.ts";
import type { RegionHeader, Section } from "./region-header.ts";
import { MAX_OWNERS, OWNER_BYTES } from "./owner-table.ts";

/** A named part of a region. It starts on a multiple of `align` and shares no line (pair of lines: 128) with a neighbour. */
export interface SectionPlan {
  /** 1..48 bytes of UTF-8, unique in the region. */
  readonly name: string;
  /** 1 to 4 GiB. */
  readonly byteLength: number;
  /** 64 by default. */
  readonly align?: 64 | 128 | undefined;
}

/** Everything that two threads must agree on before they share memory. */
export interface RegionPlan {
  /** What the region is for, 1..48 bytes of UTF-8. */
  readonly name: string;
  /** A u32 that changes whenever the meaning of the bytes does. */
  readonly hash: number;
  /** What the sections are sized for, 1..2^31 - 1. */
  readonly capacity: number;
  /** At most 64. */
  readonly sections: readonly SectionPlan[];
  /** Compound updates that `region.ops.update` performs; none by default. */
  readonly updates?: readonly CompoundUpdate[] | undefined;
  /** At most 32 int32 words that every attaching thread reads from the header. */
  readonly parameters?: readonly number[] | undefined;
  /** How many owners can be attached at once, 1..256; 64 by default. */
  readonly owners?: number | undefined;
  /** How many repairs a thread must have registered (`onOwnerDeath`) before it may take over a dead owner, 0..255; 0 by default. */
  readonly repairs?: number | undefined;
}

/** What a region needs of a layout; `compileLayout`'s result and generated layouts have it. */
export interface RecordLayout {
  readonly name: string;
  readonly hash: number;
  /** Bytes a record, a multiple of `lineBytes`. */
  readonly byteLength: number;
  readonly lineBytes: 64 | 128;
  readonly updates: readonly CompoundUpdate[];
}

/** How a region of records of one layout is made. */
export interface RegionOptions {
  /** Records, 1..2^31 - 1. */
  readonly capacity: number;
  /** Sections beside "records". */
  readonly sections?: readonly SectionPlan[] | undefined;
  /** At most 32 int32 words that every attaching thread reads from the header. */
  readonly parameters?: readonly number[] | undefined;
  /** How many owners can be attached at once, 1..256; 64 by default. */
  readonly owners?: number | undefined;
  /** How many repairs a thread must have registered before it may take over a dead owner, 0..255; 0 by default. */
  readonly repairs?: number | undefined;
}

/** The plan of a region whose section "records" holds `capacity` records of the layout. */
export function planRecords(layout: RecordLayout, options: RegionOptions): RegionPlan {
  const { capacity, sections = [], parameters, owners, repairs } = options;
  return {
    name: layout.name,
    hash: layout.hash,
    capacity,
    sections: [
      { name: "records", byteLength: layout.byteLength * capacity, align: layout.lineBytes },
      ...sections,
    ],
    updates: layout.updates,
    ...(parameters === undefined ? {} : { parameters }),
    ...(owners === undefined ? {} : { owners }),
    ...(repairs === undefined ? {} : { repairs }),
  };
}

const MAX_BYTES = 65_536 * PAGE_BYTES;

/**
 * Lays a plan out: the header, then the owners' table, then the sections in their order.
 *
 * @throws LayoutError ERR_REGION_PLAN for what does not fit or stands twice
 */
export function layOut(plan: RegionPlan): RegionHeader {
  const { capacity, parameters = [], owners = 64, repairs = 0 } = plan;
  requireName("region", plan.name);
  requireInteger("hash", plan.hash, 0, 0xffff_ffff);
  requireInteger("capacity", capacity, 1, 0x7fff_ffff);
  requireInteger("owners", owners, 1, MAX_OWNERS);
  requireInteger("repairs", repairs, 0, 255);
  requireInteger("number of sections", plan.sections.length, 0, MAX_SECTIONS);
  requireInteger("number of parameters", parameters.length, 0, MAX_PARAMETERS);
  parameters.forEach((value, i) => requireInteger(`parameter ${i}`, value, -0x8000_0000, 0xffff_ffff));

  const ownersByteOffset = roundUp(sectionTableEnd(plan.sections.length), 128);
  let end = ownersByteOffset + owners * OWNER_BYTES;
  const sections = plan.sections.map(({ name, byteLength, align = 64 }): Section => {
    requireName("section", name);
    if (![64, 128].includes(align)) refuse(`section "${name}": align is 64 or 128, not ${String(align)}`);
    requireInteger(`byteLength of section "${name}"`, byteLength, 1, MAX_BYTES);
    const byteOffset = roundUp(end, align);
    end = roundUp(byteOffset + byteLength, align);
    return { name, byteOffset, byteLength, align };
  });
  if (new Set(sections.map(({ name }) => name)).size !== sections.length)
    refuse("two sections have the same name");
  if (end > MAX_BYTES) refuse(`${end} bytes are more than a WebAssembly memory of 4 GiB holds`);
  return {
    name: plan.name,
    hash: plan.hash,
    capacity,
    byteLength: roundUp(end, PAGE_BYTES),
    owners,
    ownersByteOffset,
    repairs,
    parameters: parameters.map((value) => value | 0),
    sections,
  };
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

function requireInteger(what: string, value: unknown, minimum: number, maximum: number): void {
  if (typeof value !== "number" || !Number.isInteger(value) || value < minimum || value > maximum) {
    const given = typeof value === "string" ? `"${value}"` : String(value);
    refuse(`${what} is an integer of ${minimum}..${maximum}, not ${given}`);
  }
}

function requireName(what: string, name: string): void {
  const byteLength = new TextEncoder().encode(name).length;
  if (byteLength === 0 || byteLength > NAME_BYTES) {
    refuse(`the name of a ${what} takes 1..${NAME_BYTES} bytes, "${name}" takes ${byteLength}`);
  }
}

function refuse(reason: string): never {
  throw new LayoutError("ERR_REGION_PLAN", `region plan: ${reason}`);
}
