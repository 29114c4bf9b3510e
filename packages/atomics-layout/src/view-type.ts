import type { AtomicType, Discipline, Field, FieldShape, FieldType } from "./field.ts";
import type { Groups } from "./layout-group.ts";
import type { Update } from "./layout-update.ts";
import type { RecordView } from "./view-records.ts";

/** The class of a compiled layout's views, as TypeScript infers it from the fields. */
export type ViewOf<LayoutGroups extends Groups, LayoutUpdates> = RecordView &
  FieldMembers<FieldsOf<LayoutGroups>> &
  UpdateMembers<LayoutUpdates>;

/** Names of all fields of all groups. */
export type FieldNameOf<LayoutGroups extends Groups> = keyof FieldsOf<LayoutGroups> & string;

/** The fields of all groups in one record type. */
type FieldsOf<LayoutGroups extends Groups> = Intersection<LayoutGroups[keyof LayoutGroups]["fields"]>;

type FieldMembers<Fields> = Intersection<
  { [Name in keyof Fields & string]: MembersOf<Name, Fields[Name]> }[keyof Fields & string]
>;

type UpdateMembers<LayoutUpdates> = {
  // Without updates the type is `Updates` itself, whose names are any string: those are left out.
  readonly [
    Name in keyof LayoutUpdates as string extends Name ? never : Name
  ]: LayoutUpdates[Name] extends Update<infer Parameters>
    ? (...values: { [Index in keyof Parameters]: number }) => void
    : never;
};

type MembersOf<Name extends string, F> =
  F extends Field<infer Type, infer Access, infer Shape> ? ShapeMembers<Name, Type, Access, Shape> : never;

type ShapeMembers<
  Name extends string,
  Type extends FieldType,
  Access extends Discipline,
  Shape extends FieldShape,
> = Shape extends "bytes"
  ? BytesMembers<Name, Access>
  : Shape extends "array"
    ? ArrayMembers<Name, Type, Access>
    : ScalarMembers<Name, Type, Access>;

type ScalarMembers<
  Name extends string,
  Type extends FieldType,
  Access extends Discipline,
> = Access extends "atomic"
  ? Readonly<Record<Name, number>> & AtomicMembers<Name, Type, []>
  : Access extends "singleWriter"
    ? Record<Name, number> & Method<`add${Capitalize<Name>}`, [amount: number], void>
    : Readonly<Record<Name, number>> & Method<`init${Capitalize<Name>}`, [value: number], void>;

type ArrayMembers<Name extends string, Type extends FieldType, Access extends Discipline> = Method<
  `${Name}At`,
  [index: number],
  number
> &
  (Access extends "atomic"
    ? AtomicMembers<Name, Type, [index: number]>
    : Access extends "singleWriter"
      ? Method<`set${Capitalize<Name>}`, [index: number, value: number], void> &
          Method<`add${Capitalize<Name>}`, [index: number, amount: number], void>
      : Method<`init${Capitalize<Name>}`, [index: number, value: number], void>);

type AtomicMembers<Name extends string, Type extends FieldType, Index extends readonly number[]> = Method<
  `store${Capitalize<Name>}`,
  [...Index, value: number],
  void
> &
  Method<`add${Capitalize<Name>}`, [...Index, amount: number], number> &
  Method<`exchange${Capitalize<Name>}`, [...Index, value: number], number> &
  Method<`compareExchange${Capitalize<Name>}`, [...Index, expected: number, replacement: number], number> &
  (Type extends Exclude<AtomicType, "u64" | "i64">
    ? Method<`peek${Capitalize<Name>}`, Index, number>
    : unknown);

type BytesMembers<Name extends string, Access extends Discipline> = Readonly<
  Record<`${Name}ByteOffset`, number>
> &
  Method<`read${Capitalize<Name>}`, [target: Uint8Array], void> &
  Method<`${Access extends "immutable" ? "init" : "write"}${Capitalize<Name>}`, [source: Uint8Array], void>;

type Method<Name extends string, Parameters extends readonly unknown[], Result> = Readonly<
  Record<Name, (...values: Parameters) => Result>
>;

type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;
