import type { CompoundUpdate } from "@udp-relay/atomics-layout/memory";
import type { Discipline, FieldShape, FieldType } from "./field.ts";

/** Where a field is and how it is reached. */
export interface FieldPlacement {
  readonly name: string;
  readonly group: string;
  /** From the beginning of the record. */
  readonly byteOffset: number;
  readonly byteLength: number;
  /** The type of the number, or of each number of an array. */
  readonly type: FieldType;
  readonly shape: FieldShape;
  /** Elements of an array, bytes of `bytes(n)`, 1 for a scalar. */
  readonly length: number;
  readonly discipline: Discipline;
  readonly writer: string | undefined;
}

/** A field with what its documentation says. */
export interface PlannedField extends FieldPlacement {
  readonly description: string | undefined;
}

/** A group with its place: it begins on a line of its own. */
export interface GroupPlacement {
  readonly name: string;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly fields: readonly PlannedField[];
}

/** An update with its fields found. */
export interface PlannedUpdate {
  /** The name of the view's method. */
  readonly name: string;
  readonly parameters: readonly string[];
  readonly description: string | undefined;
  /** One phrase a step, in order: "packets += 1". */
  readonly phrases: readonly string[];
  /** What the region's instance performs, under the name `Layout_update`: a region may hold several layouts. */
  readonly compound: CompoundUpdate;
}

/** A record whose every byte is decided: what a class, a file and a picture are made from. */
export interface LayoutPlan {
  readonly name: string;
  /** u32 over names, places, types, disciplines and updates: threads must agree on it to share a region. */
  readonly hash: number;
  readonly lineBytes: 64 | 128;
  /** Of one record: whole lines. */
  readonly byteLength: number;
  readonly groups: readonly GroupPlacement[];
  readonly fields: Readonly<Record<string, FieldPlacement>>;
  readonly plannedUpdates: readonly PlannedUpdate[];
  readonly updates: readonly CompoundUpdate[];
}
