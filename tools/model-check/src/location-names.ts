/** A stretch of shared memory and what it is called in a counter-example. */
export interface NamedRange {
  /** The memory it lies in: the `buffer` of its words, or the WebAssembly memory itself. */
  readonly memory: ArrayBufferLike | { readonly buffer: ArrayBufferLike };
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly name: string;
  /** Bytes of one record, where the range is an array: addresses are then `name[record].field`. */
  readonly stride?: number;
  /** Byte offsets within a record, or within the range without a stride. */
  readonly fields?: Readonly<Record<string, number>>;
}

/** The part of atomics-layout's Layout that names need. */
export interface NamedLayout {
  readonly byteLength: number;
  readonly fields: Readonly<Record<string, { readonly byteOffset: number }>>;
}

/** The part of atomics-layout's Region that names need. */
export interface NamedRegion {
  readonly memory: { readonly buffer: ArrayBufferLike };
  section(name: string): { readonly byteOffset: number; readonly byteLength: number };
}

/** Names a region's sections: an array of records by its layout, an array of words by `4`, one blob by `undefined`. */
export function namesOfRegion(
  region: NamedRegion,
  sections: Readonly<Record<string, NamedLayout | number | undefined>>,
): NamedRange[] {
  return Object.entries(sections).map(([name, shape]) => {
    const range = { memory: region.memory, name, ...region.section(name) };
    if (shape === undefined) return range;
    if (typeof shape === "number") return { ...range, stride: shape };
    const fields = Object.fromEntries(
      Object.entries(shape.fields).map(([field, { byteOffset }]) => [field, byteOffset]),
    );
    return { ...range, stride: shape.byteLength, fields };
  });
}

/** The name of the word at `byteOffset`. */
export function nameOf(ranges: readonly NamedRange[], buffer: ArrayBufferLike, byteOffset: number): string {
  for (const range of ranges) {
    const rangeBuffer = "buffer" in range.memory ? range.memory.buffer : range.memory;
    const within = byteOffset - range.byteOffset;
    if (rangeBuffer !== buffer || within < 0 || within >= range.byteLength) continue;
    const record = range.stride === undefined ? "" : `[${Math.floor(within / range.stride)}]`;
    const offset = range.stride === undefined ? within : within % range.stride;
    return `${range.name}${record}${fieldName(range, offset)}`;
  }
  return `@${byteOffset}`;
}

function fieldName({ fields, stride }: NamedRange, offset: number): string {
  if (fields === undefined) return stride === undefined || stride > 4 ? `+${offset}` : "";
  let best: string | undefined;
  for (const [name, start] of Object.entries(fields)) {
    if (start <= offset && (best === undefined || start > fields[best]!)) best = name;
  }
  if (best === undefined) return `+${offset}`;
  return offset === fields[best] ? `.${best}` : `.${best}+${offset - fields[best]!}`;
}
