import {
  add,
  compareExchange,
  exchange,
  load,
  peek,
  peek16,
  peek8,
  peekF32,
  peekF64,
  poke,
  poke16,
  poke8,
  pokeF32,
  pokeF64,
  store,
} from "@udp-relay/atomics-layout/memory";
import type { AccessorVerb } from "./field-accessors.ts";
import { elementBytes } from "./field.ts";
import { addToCounter, readCounter, writeCounter } from "./field-counter.ts";
import {
  addSigned,
  compareExchangeSigned,
  exchangeSigned,
  readLong,
  readSignedLong,
  writeLong,
} from "./field-long.ts";
import type { FieldPlacement } from "./planned-layout.ts";
import type { CompiledView, Member } from "./compiled-view.ts";
import { indexError } from "./view-records.ts";

/** What a verb does to the element at a byte of the record. Bytes, not words: all element types have those. */
type ElementOperation = (
  view: CompiledView,
  byteOffset: number,
  value: number,
  replacement: number,
) => unknown;

/** The function of one accessor of an array: it checks the index, then does to the element what the verb says. */
export function arrayMemberOf(path: string, field: FieldPlacement, verb: AccessorVerb): Member {
  const { type, length, byteOffset, discipline } = field;
  const bytes = elementBytes(type);
  const plainVerb = verb === "init" ? "set" : verb;
  const operations =
    ELEMENTS[`${discipline} ${type}`] ?? (discipline === "atomic" ? undefined : ELEMENTS[type]);
  const operation = operations?.[verb] ?? operations?.[plainVerb];
  if (operation === undefined)
    throw new TypeError(`${path}: a ${discipline} ${type} has no accessor "${verb}"`);
  return function (this: CompiledView, index: number, value: number, replacement: number) {
    if (index >>> 0 !== index || index >= length) throw indexError(path, index, length);
    return operation(this, byteOffset + index * bytes, value, replacement);
  };
}

const bytesOfRecord = ({ _word }: CompiledView): number => _word * 4;
const addressOf = ({ _word }: CompiledView, byteOffset: number): number => (_word << 2) + byteOffset;
const wordOf = ({ _word }: CompiledView, byteOffset: number): number => _word + (byteOffset >> 2);
const shortOf = ({ _word }: CompiledView, byteOffset: number): number => _word * 2 + (byteOffset >> 1);
const doubleOf = ({ _word }: CompiledView, byteOffset: number): number => (_word >> 1) + (byteOffset >> 3);

/** By "discipline type", and by type for the plain accesses that two disciplines share. */
const ELEMENTS: Readonly<Record<string, Partial<Record<AccessorVerb, ElementOperation>>>> = {
  "atomic u32": {
    get: (view, at) => load(view._words, wordOf(view, at)) >>> 0,
    peek: (view, at) => peek(view._words, wordOf(view, at)) >>> 0,
    store: (view, at, value) => store(view._words, wordOf(view, at), value),
    add: (view, at, amount) => add(view._words, wordOf(view, at), amount) >>> 0,
    exchange: (view, at, value) => exchange(view._words, wordOf(view, at), value) >>> 0,
    compareExchange: (view, at, expected, replacement) =>
      compareExchange(view._words, wordOf(view, at), expected, replacement) >>> 0,
  },
  "atomic i32": {
    get: (view, at) => load(view._words, wordOf(view, at)),
    peek: (view, at) => peek(view._words, wordOf(view, at)),
    store: (view, at, value) => store(view._words, wordOf(view, at), value),
    add: (view, at, amount) => add(view._words, wordOf(view, at), amount),
    exchange: (view, at, value) => exchange(view._words, wordOf(view, at), value),
    compareExchange: (view, at, expected, replacement) =>
      compareExchange(view._words, wordOf(view, at), expected, replacement),
  },
  "atomic u64": {
    get: (view, at) => view._ops.load64(addressOf(view, at)),
    store: (view, at, value) => view._ops.store64(addressOf(view, at), value),
    add: (view, at, amount) => view._ops.add64(addressOf(view, at), amount),
    exchange: (view, at, value) => view._ops.exchange64(addressOf(view, at), value),
    compareExchange: (view, at, expected, replacement) =>
      view._ops.compareExchange64(addressOf(view, at), expected, replacement),
  },
  "atomic i64": {
    get: (view, at) => view._ops.loadSigned64(addressOf(view, at)),
    store: (view, at, value) => view._ops.store64(addressOf(view, at), value),
    add: (view, at, amount) => addSigned(view._ops, addressOf(view, at), amount),
    exchange: (view, at, value) => exchangeSigned(view._ops, addressOf(view, at), value),
    compareExchange: (view, at, expected, replacement) =>
      compareExchangeSigned(view._ops, addressOf(view, at), expected, replacement),
  },
  "singleWriter u64": {
    get: (view, at) => readCounter(view._ops, addressOf(view, at)),
    set: (view, at, value) => writeCounter(view._ops, addressOf(view, at), value),
    add: (view, at, amount) => addToCounter(view._ops, view._words, wordOf(view, at), amount),
  },
  "singleWriter i64": {
    get: (view, at) => view._ops.loadSigned64(addressOf(view, at)),
    set: (view, at, value) => view._ops.store64(addressOf(view, at), value),
    add: (view, at, amount) => void view._ops.add64(addressOf(view, at), amount),
  },
  "immutable u64": {
    get: (view, at) => readLong(view._words, wordOf(view, at)),
    init: (view, at, value) => writeLong(view._words, wordOf(view, at), value),
  },
  "immutable i64": {
    get: (view, at) => readSignedLong(view._words, wordOf(view, at)),
    init: (view, at, value) => writeLong(view._words, wordOf(view, at), value),
  },
  u8: {
    get: (view, at) => peek8(view._bytes, bytesOfRecord(view) + at),
    set: (view, at, value) => poke8(view._bytes, bytesOfRecord(view) + at, value),
    add: (view, at, amount) =>
      poke8(view._bytes, bytesOfRecord(view) + at, peek8(view._bytes, bytesOfRecord(view) + at) + amount),
  },
  u16: {
    get: (view, at) => peek16(view._shorts, shortOf(view, at)),
    set: (view, at, value) => poke16(view._shorts, shortOf(view, at), value),
    add: (view, at, amount) =>
      poke16(view._shorts, shortOf(view, at), peek16(view._shorts, shortOf(view, at)) + amount),
  },
  u32: {
    get: (view, at) => peek(view._words, wordOf(view, at)) >>> 0,
    set: (view, at, value) => poke(view._words, wordOf(view, at), value),
    add: (view, at, amount) =>
      poke(view._words, wordOf(view, at), peek(view._words, wordOf(view, at)) + amount),
  },
  i32: {
    get: (view, at) => peek(view._words, wordOf(view, at)),
    set: (view, at, value) => poke(view._words, wordOf(view, at), value),
    add: (view, at, amount) =>
      poke(view._words, wordOf(view, at), peek(view._words, wordOf(view, at)) + amount),
  },
  f32: {
    get: (view, at) => peekF32(view._floats, wordOf(view, at)),
    set: (view, at, value) => pokeF32(view._floats, wordOf(view, at), value),
    add: (view, at, amount) =>
      pokeF32(view._floats, wordOf(view, at), peekF32(view._floats, wordOf(view, at)) + amount),
  },
  f64: {
    get: (view, at) => peekF64(view._doubles, doubleOf(view, at)),
    set: (view, at, value) => pokeF64(view._doubles, doubleOf(view, at), value),
    add: (view, at, amount) =>
      pokeF64(view._doubles, doubleOf(view, at), peekF64(view._doubles, doubleOf(view, at)) + amount),
  },
};
