/**
 * What an update does to one atomic field. The operand is a constant, or the name of one of the update's parameters,
 * which are unsigned 32-bit.
 *
 * - `store` an exact plain store that orders nothing; a u64 or i64 field is exchanged
 * - `exchange` an atomic store that orders: what stands before it in the update is seen by who sees it
 * - `add`, `sub`, `or`, `and` atomic, modulo 2^32 or 2^64 (`or` and `and` for 32-bit fields)
 * - `advance` stores a u32 tick unless the field holds a later one; wrap-safe
 */
export type FieldUpdate<Parameter extends string = string> =
  | { readonly store: Parameter | number }
  | { readonly exchange: Parameter | number }
  | { readonly add: Parameter | number }
  | { readonly sub: Parameter | number }
  | { readonly or: Parameter | number }
  | { readonly and: Parameter | number }
  | { readonly advance: Parameter | number };

export type UpdateVerb = "store" | "exchange" | "add" | "sub" | "or" | "and" | "advance";

/** Steps on several fields of a record that one WebAssembly call performs, in the order in which they are written. */
export interface Update<
  Parameters extends readonly string[] = readonly string[],
  FieldName extends string = string,
> {
  readonly parameters: Parameters;
  readonly steps: Readonly<Record<string, FieldUpdate>>;
  /** Never there: it lets `compileLayout` refuse a name that is no field's. */
  readonly fieldName?: FieldName | undefined;
  readonly description: string | undefined;
}

/** The updates of a layout by name. */
export type Updates<FieldName extends string = string> = Readonly<
  Record<string, Update<readonly string[], FieldName>>
>;

/**
 * A compound update: `update(["bytes", "nowMs"], { packets: { add: 1 }, bytes: { add: "bytes" } })`.
 *
 * Each step is exact under any number of writers; the whole is not atomic: a reader may see the first steps without
 * the last.
 */
export function update<const Parameters extends readonly string[], FieldName extends string>(
  parameters: Parameters,
  steps: Readonly<Record<FieldName, FieldUpdate<Parameters[number]>>>,
  description?: string,
): Update<Parameters, FieldName> {
  return { parameters, steps, description };
}
