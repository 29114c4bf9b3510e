import fc from "fast-check";
import {
  array,
  bytes,
  defineLayout,
  f32,
  f64,
  i32,
  i64,
  line,
  u16,
  u32,
  u64,
  u8,
  update,
  type Field,
  type FieldUpdate,
  type LayoutDefinition,
  type Line,
  type Update,
} from "@udp-relay/atomics-layout";

/** Layouts of every type, shape and discipline, pinned and not, with compound updates over their atomic fields. */
export function arbitraryLayout(name: string): fc.Arbitrary<LayoutDefinition> {
  const groups = fc.array(fc.array(arbitraryField, { minLength: 1, maxLength: 6 }), {
    minLength: 1,
    maxLength: 4,
  });
  const lineBytes = fc.constantFrom<64 | 128>(64, 128);
  return fc
    .tuple(groups, lineBytes, fc.array(arbitraryStep, { maxLength: 8 }))
    .map(([lists, size, steps]) => {
      const fields: [string, Field][] = [];
      const lines: Record<string, Line> = {};
      for (const [index, list] of lists.entries()) {
        const named = list.map((field, position): [string, Field] => [`field${index}of${position}`, field]);
        const most = named.reduce((sum, [, field]) => sum + field.length * 8 + 8, 0);
        lines[`group${index}`] = line(Object.fromEntries(named), {
          lines: Math.ceil(most / size),
          writers: "mixed",
        });
        fields.push(...named);
      }
      const atomic = fields.filter(([, field]) => field.discipline === "atomic" && field.shape === "scalar");
      const updates = updatesOver(atomic, steps);
      return defineLayout(name, lines, {
        lineBytes: size,
        updates: updates as Record<string, Update<string[], never>>,
      });
    });
}

interface ArbitraryStep {
  readonly verb: "store" | "exchange" | "add" | "sub" | "or" | "and" | "advance";
  readonly constant: number | undefined;
  readonly startsUpdate: boolean;
}

const integers = fc.constantFrom(u32, i32, u64, i64);
const scalars = fc.constantFrom<Field>(u8, u16, u32, i32, u64, i64, f32, f64);
const single = scalars.map((field): Field => field.singleWriter());
const immutable = scalars.map((field): Field => field.immutable());
const scalar = fc.oneof<fc.Arbitrary<Field>[]>(integers, single, immutable);

const arbitraryField: fc.Arbitrary<Field> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  {
    weight: 1,
    arbitrary: fc
      .tuple(scalar, fc.integer({ min: 1, max: 5 }))
      .map(([element, length]): Field => array(element as Field<"u32", "atomic", "scalar">, length)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.boolean())
      .map(([length, fixed]): Field => (fixed ? bytes(length).immutable() : bytes(length))),
  },
);

const arbitraryStep: fc.Arbitrary<ArbitraryStep> = fc.record({
  verb: fc.constantFrom("store", "exchange", "add", "sub", "or", "and", "advance"),
  constant: fc.option(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { nil: undefined }),
  startsUpdate: fc.boolean(),
});

/** Deals the steps out over the atomic fields; verbs that a field's type has not become `add`. */
function updatesOver(
  atomic: readonly [string, Field][],
  steps: readonly ArbitraryStep[],
): Record<string, Update> {
  const updates: Record<string, Update> = {};
  let parameters: string[] = [];
  let current: Record<string, FieldUpdate> = {};
  const finish = (): void => {
    const count = Object.keys(updates).length;
    if (Object.keys(current).length > 0) updates[`update${count}`] = update(parameters, current);
    parameters = [];
    current = {};
  };
  for (const [index, { verb, constant, startsUpdate }] of steps.entries()) {
    const [name, field] = atomic[index % Math.max(atomic.length, 1)] ?? [];
    if (name === undefined || field === undefined) break;
    if (startsUpdate || name in current) finish();
    const word = field.type === "u32" || field.type === "i32";
    const fits = verb === "advance" ? field.type === "u32" : word || !["or", "and"].includes(verb);
    const operand = constant ?? `value${parameters.length}`;
    if (typeof operand === "string") parameters.push(operand);
    current[name] = { [fits ? verb : "add"]: operand } as unknown as FieldUpdate;
  }
  finish();
  return updates;
}
