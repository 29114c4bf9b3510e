import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
  compileLayout,
  createRegion,
  type Layout,
  type LayoutDefinition,
  type Region,
} from "@udp-relay/atomics-layout";
import { generateModule } from "../src/codegen.ts";
import { accessorsOf } from "../src/field-accessors.ts";
import { arbitraryLayout } from "./arbitrary-layout.ts";
import { numberAccessors, OUTSIDE, RecordModel } from "./record-model.ts";

const LAYOUTS = 40;
const CAPACITY = 3;

/** Inside the package, so that the generated file finds it by its name; ignored by git. */
const folder = new URL(`../tmp/equivalence-${process.pid}/`, import.meta.url);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const definitions = Array.from({ length: LAYOUTS }, (_, index) => {
  const [definition] = fc.sample(arbitraryLayout(`Sample${index}`), { numRuns: 1, seed: 1000 + index });
  return definition!;
});

const accessorsOfLayout = new Map(definitions.map((definition) => [definition, numberAccessors(definition)]));

async function generatedLayouts(): Promise<Record<string, Layout>> {
  mkdirSync(folder, { recursive: true });
  const file = new URL("samples.generated.ts", folder);
  writeFileSync(file, generateModule(definitions, { source: "samples.layout.ts" }));
  return (await import(/* @vite-ignore */ file.href)) as Record<string, Layout>;
}

describe("the generated class and the compiled one", () => {
  it("describe the same layout and have the same members", async () => {
    const generated = await generatedLayouts();
    for (const definition of definitions) {
      const [written, compiled] = [generated[definition.name]!, compileLayout(definition)];
      expect({ ...written, View: undefined }).toEqual({ ...compiled, View: undefined });
      expect(membersOf(written)).toEqual(membersOf(compiled));
    }
  });

  it("do the same, and what the model says, in any sequence of operations", async () => {
    const generated = await generatedLayouts();
    const seen = new Set<string>();
    for (const definition of definitions) {
      const [written, compiled] = [generated[definition.name]!, compileLayout(definition)];
      // One pair for all runs: Bun is slow with hundreds of shared memories that are alive at once.
      const regions = [
        createRegion(written, { capacity: CAPACITY }),
        createRegion(compiled, { capacity: CAPACITY }),
      ];
      fc.assert(
        fc.property(arbitraryCalls, (calls) => {
          for (const region of regions) clearRecords(region);
          const views = [new written.View(regions[0]!), new compiled.View(regions[1]!)];
          const models = Array.from({ length: CAPACITY }, () => new RecordModel(definition));
          for (const call of calls) perform(definition, call, views, models, seen);
          expect(recordBytes(regions[0]!).equals(recordBytes(regions[1]!))).toBe(true);
        }),
        { numRuns: 10, seed: 7 },
      );
    }
    // Nothing was left out: every kind of accessor of every kind of number was called, and updates were.
    const kinds = definitions.flatMap((definition) =>
      numberAccessors(definition).map(
        ([field, { verb }]) => `${field.discipline} ${field.type} ${field.shape} ${verb}`,
      ),
    );
    expect([...new Set(kinds), "update"].filter((kind) => !seen.has(kind))).toEqual([]);
    expect(seen.size).toBeGreaterThan(100);
  });

  it("copy the same bytes", async () => {
    const generated = await generatedLayouts();
    let copied = 0;
    for (const definition of definitions) {
      const layouts = [generated[definition.name]!, compileLayout(definition)];
      for (const field of Object.values(definition.fields).filter(({ shape }) => shape === "bytes")) {
        const [offset, read, write] = accessorsOf(field).map(({ member }) => member) as [
          string,
          string,
          string,
        ];
        const source = Uint8Array.from({ length: field.length }, (_, index) => index * 37 + 1);
        const images = layouts.map((layout) => {
          const region = createRegion(layout, { capacity: CAPACITY });
          const view = new layout.View(region).at(1) as unknown as BytesView;
          view[write]!(source);
          const target = new Uint8Array(field.length);
          view[read]!(target);
          expect([...target]).toEqual([...source]);
          const begin = view[offset] as unknown as number;
          expect([...region.bytes.subarray(begin, begin + field.length)]).toEqual([...source]);
          return recordBytes(region);
        });
        expect(images[0]!.equals(images[1]!)).toBe(true);
        copied++;
      }
    }
    expect(copied).toBeGreaterThan(20);
  });
});

type BytesView = Record<string, (bytes: Uint8Array) => void>;

interface Call {
  readonly slot: number;
  /** Chooses an accessor or an update among those that the layout has. */
  readonly choice: number;
  readonly index: number;
  readonly first: number;
  readonly second: number;
  readonly words: readonly number[];
}

const edges = [
  0,
  1,
  -1,
  127,
  255,
  256,
  65_535,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 52,
  -(2 ** 31),
  -(2 ** 52),
];
const number = fc.oneof(fc.constantFrom(...edges), fc.integer(), fc.maxSafeInteger());
const arbitraryCalls = fc.array(
  fc.record({
    slot: fc.integer({ min: 0, max: CAPACITY - 1 }),
    choice: fc.nat(),
    index: fc.nat(4),
    first: number,
    second: number,
    words: fc.array(fc.oneof(fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1), fc.nat(2 ** 32 - 1)), {
      minLength: 8,
      maxLength: 8,
    }),
  }),
  { minLength: 40, maxLength: 80 },
);

function perform(
  definition: LayoutDefinition,
  call: Call,
  views: readonly unknown[],
  models: readonly RecordModel[],
  seen: Set<string>,
): void {
  const accessors = accessorsOfLayout.get(definition)!;
  const { plannedUpdates } = definition;
  const choice = call.choice % (accessors.length + plannedUpdates.length || 1);
  const model = models[call.slot]!;
  const cursors = views.map((view) => (view as { at(slot: number): Record<string, unknown> }).at(call.slot));
  const planned = plannedUpdates[choice - accessors.length];
  if (planned !== undefined) {
    const values = call.words.slice(0, planned.parameters.length);
    for (const view of cursors) (view[planned.name] as (...values: number[]) => void)(...values);
    model.update(choice - accessors.length, values);
    seen.add("update");
    return;
  }
  const chosen = accessors[choice];
  if (chosen === undefined) return;
  const [field, accessor] = chosen;
  const index = call.index % field.length;
  const expected = model.call(field, accessor, index, call.first, call.second);
  if (expected === OUTSIDE) return;
  seen.add(`${field.discipline} ${field.type} ${field.shape} ${accessor.verb}`);
  const args = [...(field.shape === "array" ? [index] : []), call.first, call.second];
  for (const view of cursors) {
    const member =
      accessor.kind === "method" ? (view[accessor.member] as (...values: number[]) => unknown) : undefined;
    let result: unknown;
    if (accessor.kind === "setter") view[accessor.member] = call.first;
    else result = member === undefined ? view[accessor.member] : member.apply(view, args);
    // Not `expect`: a hundred thousand of those take seconds.
    if (!Object.is(result, expected)) {
      throw new Error(`${definition.name}.${accessor.member}: ${String(result)}, not ${String(expected)}`);
    }
  }
}

function recordBytes(region: Region): Buffer {
  const { byteOffset, byteLength } = region.section("records");
  return Buffer.from(region.bytes.slice(byteOffset, byteOffset + byteLength));
}

function clearRecords(region: Region): void {
  const { byteOffset, byteLength } = region.section("records");
  region.bytes.fill(0, byteOffset, byteOffset + byteLength);
}

/** Names of a view's members, with "=" where they can be assigned. */
function membersOf({ View }: Layout): string[] {
  const descriptors = Object.getOwnPropertyDescriptors(View.prototype) as Record<string, PropertyDescriptor>;
  return Object.entries(descriptors)
    .map(([name, member]) => `${name}${"value" in member ? "()" : ""}${member.set === undefined ? "" : "="}`)
    .sort();
}
