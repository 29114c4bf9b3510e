// WebAssembly Core Specification 2.0, section 5.4, and the threads proposal: what the assembler knows of them.

/** Section 5.3.1. */
export const VALUE_TYPES: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e, f64: 0x7c };

/** Instructions without an immediate, and those whose one immediate is an index or a constant. Two bytes: prefix 0xfc. */
export const OPCODES: Readonly<Record<string, number>> = {
  drop: 0x1a,
  "local.get": 0x20,
  "local.set": 0x21,
  "local.tee": 0x22,
  "global.get": 0x23,
  "global.set": 0x24,
  "i32.const": 0x41,
  "i64.const": 0x42,
  "i32.ne": 0x47,
  "i32.gt_s": 0x4a,
  "i64.eq": 0x51,
  "i64.ne": 0x52,
  "i32.sub": 0x6b,
  "i32.or": 0x72,
  "i64.add": 0x7c,
  "i64.mul": 0x7e,
  "i64.and": 0x83,
  "i64.or": 0x84,
  "i64.xor": 0x85,
  "i64.shl": 0x86,
  "i64.shr_u": 0x88,
  "i32.wrap_i64": 0xa7,
  "i64.extend_i32_u": 0xad,
  "f64.convert_i64_s": 0xb9,
  "f64.convert_i64_u": 0xba,
  "i64.trunc_sat_f64_s": 0xfc06,
};

/** Instructions that access memory, each at its natural alignment. */
export const MEMORY_ACCESS: Readonly<
  Record<string, { readonly code: readonly number[]; readonly alignLog2: number }>
> = {
  "i32.store": { code: [0x36], alignLog2: 2 },
  "i64.store": { code: [0x37], alignLog2: 3 },
  "i32.atomic.load": { code: [0xfe, 0x10], alignLog2: 2 },
  "i64.atomic.load": { code: [0xfe, 0x11], alignLog2: 3 },
  "i32.atomic.store": { code: [0xfe, 0x17], alignLog2: 2 },
  "i64.atomic.store": { code: [0xfe, 0x18], alignLog2: 3 },
  "i32.atomic.rmw.add": { code: [0xfe, 0x1e], alignLog2: 2 },
  "i64.atomic.rmw.add": { code: [0xfe, 0x1f], alignLog2: 3 },
  "i32.atomic.rmw.sub": { code: [0xfe, 0x25], alignLog2: 2 },
  "i64.atomic.rmw.sub": { code: [0xfe, 0x26], alignLog2: 3 },
  "i32.atomic.rmw.and": { code: [0xfe, 0x2c], alignLog2: 2 },
  "i32.atomic.rmw.or": { code: [0xfe, 0x33], alignLog2: 2 },
  "i32.atomic.rmw.xchg": { code: [0xfe, 0x41], alignLog2: 2 },
  "i64.atomic.rmw.xchg": { code: [0xfe, 0x42], alignLog2: 3 },
  "i32.atomic.rmw.cmpxchg": { code: [0xfe, 0x48], alignLog2: 2 },
  "i64.atomic.rmw.cmpxchg": { code: [0xfe, 0x49], alignLog2: 3 },
};
