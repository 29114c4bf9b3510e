/** Numbers that a field can hold. */
export type ScalarType = "u8" | "u16" | "u32" | "i32" | "u64" | "i64" | "f32" | "f64";

/** What a field is made of: numbers, or bytes without a meaning. */
export type FieldType = ScalarType | "bytes";

/** The scalars that have atomic operations. */
export type AtomicType = "u32" | "i32" | "u64" | "i64";

/**
 * Who writes a field, and so how it is reached:
 *
 * - `atomic`: any thread, sequentially consistent
 * - `singleWriter`: one thread for life, by plain stores; every thread reads
 * - `immutable`: whoever initialises the record, before it is published; nobody afterwards
 */
export type Discipline = "atomic" | "singleWriter" | "immutable";

/** One number, `length` of them, or `length` bytes. */
export type FieldShape = "scalar" | "array" | "bytes";

interface FieldChoices {
  readonly writer?: string | undefined;
  readonly byteOffset?: number | undefined;
  readonly description?: string | undefined;
}

/**
 * A field of a record. The constants below (`u32`, `f64`, …), `bytes(n)` and `array(type, n)` are where one starts;
 * every method returns a new field. Nothing is refused here: `defineLayout` does so, and names the field.
 */
export class Field<
  Type extends FieldType = FieldType,
  Access extends Discipline = Discipline,
  Shape extends FieldShape = FieldShape,
> {
  readonly type: Type;
  readonly discipline: Access;
  readonly shape: Shape;
  /** Elements of an array, bytes of `bytes(n)`, 1 for a scalar. */
  readonly length: number;
  /** Who writes it, by any name; fields of one line must agree on it. Undefined for immutable fields. */
  readonly writer: string | undefined;
  /** The byte of its group where the field must begin; undefined: after the field before. */
  readonly byteOffset: number | undefined;
  /** A sentence for the documentation of the accessors, the unit in it. */
  readonly description: string | undefined;

  constructor(type: Type, discipline: Access, shape: Shape, length: number, choices: FieldChoices = {}) {
    this.type = type;
    this.discipline = discipline;
    this.shape = shape;
    this.length = length;
    this.writer = choices.writer ?? DEFAULT_WRITER[discipline];
    this.byteOffset = choices.byteOffset;
    this.description = choices.description;
  }

  /** Any thread writes, or any of those that `writers` names ("receivers"). */
  atomic(
    this: Field<AtomicType, Discipline, "scalar" | "array">,
    writers?: string,
  ): Field<Type, "atomic", Shape> {
    return (this as unknown as Field<Type, Discipline, Shape>).#with("atomic", writers);
  }

  /** One thread writes for life: "the owner", or the one that `writer` names. */
  singleWriter(writer?: string): Field<Type, "singleWriter", Shape> {
    return this.#with("singleWriter", writer);
  }

  /** Written once, while the record is initialised. */
  immutable(): Field<Type, "immutable", Shape> {
    return this.#with("immutable", undefined);
  }

  /** Begins at this byte of its group instead of after the field before. */
  at(byteOffset: number): Field<Type, Access, Shape> {
    const { writer, description } = this;
    return new Field(this.type, this.discipline, this.shape, this.length, {
      writer,
      byteOffset,
      description,
    });
  }

  /** Adds what the accessors' documentation should say, such as "Tick of the last datagram, ms." */
  describe(description: string): Field<Type, Access, Shape> {
    const { writer, byteOffset } = this;
    return new Field(this.type, this.discipline, this.shape, this.length, {
      writer,
      byteOffset,
      description,
    });
  }

  #with<D extends Discipline>(discipline: D, writer: string | undefined): Field<Type, D, Shape> {
    const { byteOffset, description } = this;
    return new Field(this.type, discipline, this.shape, this.length, { writer, byteOffset, description });
  }
}

const DEFAULT_WRITER: Readonly<Record<Discipline, string | undefined>> = {
  atomic: "any thread",
  singleWriter: "the owner",
  immutable: undefined,
};

/** A number of one field. */
export type Scalar<Type extends ScalarType, Access extends Discipline> = Field<Type, Access, "scalar">;

/** 0..255; singleWriter unless said otherwise, for there is no atomic access to less than four bytes. */
export const u8: Scalar<"u8", "singleWriter"> = new Field("u8", "singleWriter", "scalar", 1);
/** 0..65,535; singleWriter unless said otherwise. */
export const u16: Scalar<"u16", "singleWriter"> = new Field("u16", "singleWriter", "scalar", 1);
/** 0..2^32-1; atomic unless said otherwise. */
export const u32: Scalar<"u32", "atomic"> = new Field("u32", "atomic", "scalar", 1);
/** -2^31..2^31-1; atomic unless said otherwise. */
export const i32: Scalar<"i32", "atomic"> = new Field("i32", "atomic", "scalar", 1);
/** 64 bits as a number, exact to 2^53; atomic unless said otherwise. */
export const u64: Scalar<"u64", "atomic"> = new Field("u64", "atomic", "scalar", 1);
/** 64 bits with a sign as a number, exact within ±2^53; atomic unless said otherwise. */
export const i64: Scalar<"i64", "atomic"> = new Field("i64", "atomic", "scalar", 1);
/** Single precision; singleWriter unless said otherwise. */
export const f32: Scalar<"f32", "singleWriter"> = new Field("f32", "singleWriter", "scalar", 1);
/** Double precision; singleWriter unless said otherwise. */
export const f64: Scalar<"f64", "singleWriter"> = new Field("f64", "singleWriter", "scalar", 1);

/** `length` bytes, copied in and out; singleWriter unless said otherwise. */
export function bytes(length: number): Field<"bytes", "singleWriter", "bytes"> {
  return new Field("bytes", "singleWriter", "bytes", length);
}

/** `length` numbers, each reached by its index under the element's discipline. */
export function array<Type extends ScalarType, Access extends Discipline>(
  element: Field<Type, Access, "scalar">,
  length: number,
): Field<Type, Access, "array"> {
  const { writer, byteOffset, description } = element;
  return new Field(element.type, element.discipline, "array", length, { writer, byteOffset, description });
}

/** Bytes of one element, which is its alignment too. */
export function elementBytes(type: FieldType): 1 | 2 | 4 | 8 {
  return ELEMENT_BYTES[type];
}

const ELEMENT_BYTES: Readonly<Record<FieldType, 1 | 2 | 4 | 8>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f32: 4,
  f64: 8,
  bytes: 1,
};

export function hasAtomicOperations(type: FieldType): type is AtomicType {
  return type === "u32" || type === "i32" || type === "u64" || type === "i64";
}
