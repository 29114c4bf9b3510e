import type { Field } from "./field.ts";

/** The fields of a group by name, in the order of their places. */
export type GroupFields = Readonly<Record<string, Field>>;

/** How a group of fields lies on its cache lines. */
export interface LineOptions {
  /** Cache lines that the group takes, default 1. */
  readonly lines?: number | undefined;
  /**
   * "mixed" says on purpose that fields of one line have different writers, or that immutable fields share it with
   * written ones: each write then takes the line away from those who use the others (3 to 7 times the cost).
   */
  readonly writers?: "mixed" | undefined;
}

/** Fields that are used together. A group starts on a cache line of its own. */
export interface Line<Fields extends GroupFields = GroupFields> {
  readonly fields: Fields;
  readonly lines: number;
  readonly mixedWriters: boolean;
}

/** The groups of a record by name, in the order of their places. */
export type Groups = Readonly<Record<string, Line>>;

/** A group of fields that starts on a cache line of its own. */
export function line<const Fields extends GroupFields>(
  fields: Fields,
  options: LineOptions = {},
): Line<Fields> {
  return { fields, lines: options.lines ?? 1, mixedWriters: options.writers === "mixed" };
}
