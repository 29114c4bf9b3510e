import type { Bytes, Doubles, Floats, RegionOps, Shorts, Words } from "@udp-relay/atomics-layout/memory";
import type { CompiledView, Member, RecordUpdate } from "./compiled-view.ts";
import { accessorsOf } from "./field-accessors.ts";
import type { LayoutPlan } from "./planned-layout.ts";
import { memberOf } from "./view-members.ts";
import { recordsOf, slotError, type RecordView, type ViewClass, type ViewRegion } from "./view-records.ts";

/** Builds the class of a layout's views at run time. Called by `compileLayout`. */
export function compileView(plan: LayoutPlan): ViewClass<RecordView> {
  const { name } = plan;
  const recordWords = plan.byteLength / 4;

  class View implements CompiledView {
    readonly region: ViewRegion;
    readonly _words: Words;
    readonly _bytes: Bytes;
    readonly _shorts: Shorts;
    readonly _floats: Floats;
    readonly _doubles: Doubles;
    readonly _ops: RegionOps;
    readonly _updates: readonly RecordUpdate[];
    readonly _firstWord: number;
    readonly _capacity: number;
    _word: number;

    constructor(region: ViewRegion, sectionName = "records") {
      const { firstWord, capacity } = recordsOf(region, sectionName, plan);
      this.region = region;
      this._words = region.words;
      this._bytes = region.bytes;
      this._shorts = region.shorts;
      this._floats = region.floats;
      this._doubles = region.doubles;
      this._ops = region.ops;
      this._updates = plan.updates.map((update) => region.ops.update[update.name]!);
      this._firstWord = firstWord;
      this._capacity = capacity;
      this._word = firstWord;
    }

    at(slot: number): this {
      if (slot >>> 0 !== slot || slot >= this._capacity) throw slotError(name, slot, this._capacity);
      this._word = this._firstWord + slot * recordWords;
      return this;
    }

    get slot(): number {
      return (this._word - this._firstWord) / recordWords;
    }

    get byteOffset(): number {
      return this._word * 4;
    }
  }

  Object.defineProperty(View, "name", { value: `${name}View` });
  for (const field of Object.values(plan.fields)) {
    const path = `${name}.${field.group}.${field.name}`;
    for (const { kind, member, verb } of accessorsOf(field)) {
      const before = Object.getOwnPropertyDescriptor(View.prototype, member) ?? {};
      const key = kind === "getter" ? "get" : kind === "setter" ? "set" : "value";
      const descriptor = { ...before, [key]: memberOf(path, field, verb), configurable: true };
      Object.defineProperty(View.prototype, member, descriptor);
    }
  }
  for (const [index, update] of plan.plannedUpdates.entries()) {
    const value = updateMember(index, update.parameters.length);
    Object.defineProperty(View.prototype, update.name, { value, configurable: true });
  }
  return View;
}

/** A literal for each usual number of parameters: arguments passed on as they are cost nothing. */
function updateMember(index: number, parameters: number): Member {
  if (parameters === 1) {
    return function (this: CompiledView, first: number) {
      this._updates[index]!(this._word << 2, first);
    };
  }
  if (parameters === 2) {
    return function (this: CompiledView, first: number, second: number) {
      this._updates[index]!(this._word << 2, first, second);
    };
  }
  if (parameters === 3) {
    return function (this: CompiledView, first: number, second: number, third: number) {
      this._updates[index]!(this._word << 2, first, second, third);
    };
  }
  return function (this: CompiledView, ...values: number[]) {
    this._updates[index]!(this._word << 2, ...values);
  };
}
