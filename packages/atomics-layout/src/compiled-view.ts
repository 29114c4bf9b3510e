import type { Bytes, Doubles, Floats, RegionOps, Shorts, Words } from "@udp-relay/atomics-layout/memory";
import type { RecordView } from "./view-records.ts";

/**
 * What the closures of a compiled class reach: the same that a generated class holds in private fields. No field of a
 * record can have such a name, for it would have to begin with a letter.
 */
export interface CompiledView extends RecordView {
  readonly _words: Words;
  readonly _bytes: Bytes;
  readonly _shorts: Shorts;
  readonly _floats: Floats;
  readonly _doubles: Doubles;
  readonly _ops: RegionOps;
  /** The layout's updates in their order. */
  readonly _updates: readonly RecordUpdate[];
  /** Index of the record's first word. */
  readonly _word: number;
}

/** An update as the region's instance performs it. */
export type RecordUpdate = RegionOps["update"][string];

/** A member's function; `this` is the view. */
export type Member = (this: CompiledView, ...values: never[]) => unknown;
