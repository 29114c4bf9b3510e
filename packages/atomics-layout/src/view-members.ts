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
  readBytes,
  store,
  writeBytes,
} from "@udp-relay/atomics-layout/memory";
import type { AccessorVerb } from "./field-accessors.ts";
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
import { arrayMemberOf } from "./view-array-members.ts";
import { lengthError } from "./view-records.ts";

/**
 * The function of one accessor of one field. Each combination has a function literal of its own with the field's place
 * as a captured constant, so that it can be inlined where it is called.
 */
export function memberOf(path: string, field: FieldPlacement, verb: AccessorVerb): Member {
  if (field.shape === "array") return arrayMemberOf(path, field, verb);
  if (field.shape === "bytes") return bytesMemberOf(path, field, verb);
  const { discipline, type, byteOffset } = field;
  // An immutable field is written as a single writer would, by its initialiser.
  const plainVerb = verb === "init" ? "set" : verb;
  const make =
    MEMBERS[`${discipline} ${type} ${verb}`] ??
    (discipline === "atomic" ? undefined : MEMBERS[`${type} ${plainVerb}`]);
  if (make === undefined) throw new TypeError(`${path}: a ${discipline} ${type} has no accessor "${verb}"`);
  return make(byteOffset);
}

type View = CompiledView;

function bytesMemberOf(path: string, { byteOffset, length }: FieldPlacement, verb: AccessorVerb): Member {
  if (verb === "byteOffset") {
    return function (this: View) {
      return this._word * 4 + byteOffset;
    };
  }
  if (verb === "readBytes") {
    return function (this: View, target: Uint8Array) {
      if (target.length !== length) throw lengthError(path, target.length, length);
      readBytes(this._bytes, this._word * 4 + byteOffset, target);
    };
  }
  return function (this: View, source: Uint8Array) {
    if (source.length !== length) throw lengthError(path, source.length, length);
    writeBytes(this._bytes, this._word * 4 + byteOffset, source);
  };
}

/** By "discipline type verb", and by "type verb" for the plain accesses that two disciplines share. */
const MEMBERS: Readonly<Record<string, (byteOffset: number) => Member>> = {
  "atomic u32 get": (at) =>
    function (this: View) {
      return load(this._words, this._word + (at >> 2)) >>> 0;
    },
  "atomic u32 peek": (at) =>
    function (this: View) {
      return peek(this._words, this._word + (at >> 2)) >>> 0;
    },
  "atomic u32 store": (at) =>
    function (this: View, value: number) {
      store(this._words, this._word + (at >> 2), value);
    },
  "atomic u32 add": (at) =>
    function (this: View, amount: number) {
      return add(this._words, this._word + (at >> 2), amount) >>> 0;
    },
  "atomic u32 exchange": (at) =>
    function (this: View, value: number) {
      return exchange(this._words, this._word + (at >> 2), value) >>> 0;
    },
  "atomic u32 compareExchange": (at) =>
    function (this: View, expected: number, replacement: number) {
      return compareExchange(this._words, this._word + (at >> 2), expected, replacement) >>> 0;
    },
  "atomic i32 get": (at) =>
    function (this: View) {
      return load(this._words, this._word + (at >> 2));
    },
  "atomic i32 peek": (at) =>
    function (this: View) {
      return peek(this._words, this._word + (at >> 2));
    },
  "atomic i32 store": (at) =>
    function (this: View, value: number) {
      store(this._words, this._word + (at >> 2), value);
    },
  "atomic i32 add": (at) =>
    function (this: View, amount: number) {
      return add(this._words, this._word + (at >> 2), amount);
    },
  "atomic i32 exchange": (at) =>
    function (this: View, value: number) {
      return exchange(this._words, this._word + (at >> 2), value);
    },
  "atomic i32 compareExchange": (at) =>
    function (this: View, expected: number, replacement: number) {
      return compareExchange(this._words, this._word + (at >> 2), expected, replacement);
    },
  "atomic u64 get": (at) =>
    function (this: View) {
      return this._ops.load64((this._word << 2) + at);
    },
  "atomic u64 store": (at) =>
    function (this: View, value: number) {
      this._ops.store64((this._word << 2) + at, value);
    },
  "atomic u64 add": (at) =>
    function (this: View, amount: number) {
      return this._ops.add64((this._word << 2) + at, amount);
    },
  "atomic u64 exchange": (at) =>
    function (this: View, value: number) {
      return this._ops.exchange64((this._word << 2) + at, value);
    },
  "atomic u64 compareExchange": (at) =>
    function (this: View, expected: number, replacement: number) {
      return this._ops.compareExchange64((this._word << 2) + at, expected, replacement);
    },
  "atomic i64 get": (at) =>
    function (this: View) {
      return this._ops.loadSigned64((this._word << 2) + at);
    },
  "atomic i64 store": (at) =>
    function (this: View, value: number) {
      this._ops.store64((this._word << 2) + at, value);
    },
  "atomic i64 add": (at) =>
    function (this: View, amount: number) {
      return addSigned(this._ops, (this._word << 2) + at, amount);
    },
  "atomic i64 exchange": (at) =>
    function (this: View, value: number) {
      return exchangeSigned(this._ops, (this._word << 2) + at, value);
    },
  "atomic i64 compareExchange": (at) =>
    function (this: View, expected: number, replacement: number) {
      return compareExchangeSigned(this._ops, (this._word << 2) + at, expected, replacement);
    },
  "u8 get": (at) =>
    function (this: View) {
      return peek8(this._bytes, this._word * 4 + at);
    },
  "u8 set": (at) =>
    function (this: View, value: number) {
      poke8(this._bytes, this._word * 4 + at, value);
    },
  "u8 add": (at) =>
    function (this: View, amount: number) {
      poke8(this._bytes, this._word * 4 + at, peek8(this._bytes, this._word * 4 + at) + amount);
    },
  "u16 get": (at) =>
    function (this: View) {
      return peek16(this._shorts, this._word * 2 + (at >> 1));
    },
  "u16 set": (at) =>
    function (this: View, value: number) {
      poke16(this._shorts, this._word * 2 + (at >> 1), value);
    },
  "u16 add": (at) =>
    function (this: View, amount: number) {
      poke16(
        this._shorts,
        this._word * 2 + (at >> 1),
        peek16(this._shorts, this._word * 2 + (at >> 1)) + amount,
      );
    },
  "u32 get": (at) =>
    function (this: View) {
      return peek(this._words, this._word + (at >> 2)) >>> 0;
    },
  "u32 set": (at) =>
    function (this: View, value: number) {
      poke(this._words, this._word + (at >> 2), value);
    },
  "u32 add": (at) =>
    function (this: View, amount: number) {
      poke(this._words, this._word + (at >> 2), peek(this._words, this._word + (at >> 2)) + amount);
    },
  "i32 get": (at) =>
    function (this: View) {
      return peek(this._words, this._word + (at >> 2));
    },
  "i32 set": (at) =>
    function (this: View, value: number) {
      poke(this._words, this._word + (at >> 2), value);
    },
  "i32 add": (at) =>
    function (this: View, amount: number) {
      poke(this._words, this._word + (at >> 2), peek(this._words, this._word + (at >> 2)) + amount);
    },
  "f32 get": (at) =>
    function (this: View) {
      return peekF32(this._floats, this._word + (at >> 2));
    },
  "f32 set": (at) =>
    function (this: View, value: number) {
      pokeF32(this._floats, this._word + (at >> 2), value);
    },
  "f32 add": (at) =>
    function (this: View, amount: number) {
      pokeF32(this._floats, this._word + (at >> 2), peekF32(this._floats, this._word + (at >> 2)) + amount);
    },
  "f64 get": (at) =>
    function (this: View) {
      return peekF64(this._doubles, (this._word >> 1) + (at >> 3));
    },
  "f64 set": (at) =>
    function (this: View, value: number) {
      pokeF64(this._doubles, (this._word >> 1) + (at >> 3), value);
    },
  "f64 add": (at) =>
    function (this: View, amount: number) {
      pokeF64(
        this._doubles,
        (this._word >> 1) + (at >> 3),
        peekF64(this._doubles, (this._word >> 1) + (at >> 3)) + amount,
      );
    },
  "singleWriter u64 get": (at) =>
    function (this: View) {
      return readCounter(this._ops, (this._word << 2) + at);
    },
  "singleWriter u64 set": (at) =>
    function (this: View, value: number) {
      writeCounter(this._ops, (this._word << 2) + at, value);
    },
  "singleWriter u64 add": (at) =>
    function (this: View, amount: number) {
      addToCounter(this._ops, this._words, this._word + (at >> 2), amount);
    },
  "singleWriter i64 get": (at) =>
    function (this: View) {
      return this._ops.loadSigned64((this._word << 2) + at);
    },
  "singleWriter i64 set": (at) =>
    function (this: View, value: number) {
      this._ops.store64((this._word << 2) + at, value);
    },
  "singleWriter i64 add": (at) =>
    function (this: View, amount: number) {
      this._ops.add64((this._word << 2) + at, amount);
    },
  "immutable u64 get": (at) =>
    function (this: View) {
      return readLong(this._words, this._word + (at >> 2));
    },
  "immutable u64 init": (at) =>
    function (this: View, value: number) {
      writeLong(this._words, this._word + (at >> 2), value);
    },
  "immutable i64 get": (at) =>
    function (this: View) {
      return readSignedLong(this._words, this._word + (at >> 2));
    },
  "immutable i64 init": (at) =>
    function (this: View, value: number) {
      writeLong(this._words, this._word + (at >> 2), value);
    },
};
