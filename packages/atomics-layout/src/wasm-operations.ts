import { updateSource } from "./wasm-updates.ts";
import type { CompoundUpdate } from "./wasm-updates.ts";

/**
 * The WebAssembly text of a region's instance: the operations below, then one function a compound update.
 * A 64-bit value crosses the border as a double, exact for every safe integer; a pair as two int32 words.
 * Offsets are in bytes. One outside the memory, or not a multiple of the access, traps with nothing written.
 */
export function operationsSource(updates: readonly CompoundUpdate[]): string {
  return `(module\n${OPERATIONS}${updates.map(updateSource).join("")})\n`;
}

const OPERATIONS = `  (import "region" "memory" (memory 1 65536 shared))

  ;; The value that this thread's last loadPair, exchangePair or casPair found. An instance belongs to one thread.
  (global $pair (mut i64) (i64.const 0))

  ;; The multipliers of multilinear.
  (global $m0 (mut i64) (i64.const 0))
  (global $m1 (mut i64) (i64.const 0))
  (global $m2 (mut i64) (i64.const 0))
  (global $m3 (mut i64) (i64.const 0))

  (func (export "fence")
    (atomic.fence))

  (func (export "load32") (param $at i32) (result i32)
    (i32.atomic.load (local.get $at)))

  (func (export "store32") (param $at i32) (param $value i32)
    (i32.atomic.store (local.get $at) (local.get $value)))

  (func (export "add32") (param $at i32) (param $value i32) (result i32)
    (i32.atomic.rmw.add (local.get $at) (local.get $value)))

  (func (export "compareExchange32") (param $at i32) (param $expected i32) (param $value i32) (result i32)
    (i32.atomic.rmw.cmpxchg (local.get $at) (local.get $expected) (local.get $value)))

  (func (export "load64") (param $at i32) (result f64)
    (f64.convert_i64_u (i64.atomic.load (local.get $at))))

  (func (export "loadSigned64") (param $at i32) (result f64)
    (f64.convert_i64_s (i64.atomic.load (local.get $at))))

  (func (export "store64") (param $at i32) (param $value f64)
    (i64.atomic.store (local.get $at) (i64.trunc_sat_f64_s (local.get $value))))

  (func (export "add64") (param $at i32) (param $value f64) (result f64)
    (f64.convert_i64_u (i64.atomic.rmw.add (local.get $at) (i64.trunc_sat_f64_s (local.get $value)))))

  (func (export "exchange64") (param $at i32) (param $value f64) (result f64)
    (f64.convert_i64_u (i64.atomic.rmw.xchg (local.get $at) (i64.trunc_sat_f64_s (local.get $value)))))

  (func (export "compareExchange64") (param $at i32) (param $expected f64) (param $value f64) (result f64)
    (f64.convert_i64_u (i64.atomic.rmw.cmpxchg (local.get $at)
      (i64.trunc_sat_f64_s (local.get $expected)) (i64.trunc_sat_f64_s (local.get $value)))))

  (func (export "loadPair") (param $at i32) (result i32)
    (global.set $pair (i64.atomic.load (local.get $at)))
    (i32.wrap_i64 (global.get $pair)))

  (func (export "pairLow") (result i32)
    (i32.wrap_i64 (global.get $pair)))

  (func (export "pairHigh") (result i32)
    (i32.wrap_i64 (i64.shr_u (global.get $pair) (i64.const 32))))

  (func (export "storePair") (param $at i32) (param $low i32) (param $high i32)
    (i64.atomic.store (local.get $at)
      (i64.or (i64.extend_i32_u (local.get $low)) (i64.shl (i64.extend_i32_u (local.get $high)) (i64.const 32)))))

  (func (export "exchangePair") (param $at i32) (param $low i32) (param $high i32) (result i32)
    (global.set $pair (i64.atomic.rmw.xchg (local.get $at)
      (i64.or (i64.extend_i32_u (local.get $low)) (i64.shl (i64.extend_i32_u (local.get $high)) (i64.const 32)))))
    (i32.wrap_i64 (global.get $pair)))

  (func (export "casPair") (param $at i32) (param $expectedLow i32) (param $expectedHigh i32)
    (param $low i32) (param $high i32) (result i32)
    (local $expected i64)
    (local.set $expected
      (i64.or (i64.extend_i32_u (local.get $expectedLow))
        (i64.shl (i64.extend_i32_u (local.get $expectedHigh)) (i64.const 32))))
    (global.set $pair (i64.atomic.rmw.cmpxchg (local.get $at) (local.get $expected)
      (i64.or (i64.extend_i32_u (local.get $low)) (i64.shl (i64.extend_i32_u (local.get $high)) (i64.const 32)))))
    (i64.eq (global.get $pair) (local.get $expected)))

  (func (export "setMultipliers") (param $low0 i32) (param $high0 i32) (param $low1 i32) (param $high1 i32)
    (param $low2 i32) (param $high2 i32) (param $low3 i32) (param $high3 i32)
    (global.set $m0
      (i64.or (i64.extend_i32_u (local.get $low0)) (i64.shl (i64.extend_i32_u (local.get $high0)) (i64.const 32))))
    (global.set $m1
      (i64.or (i64.extend_i32_u (local.get $low1)) (i64.shl (i64.extend_i32_u (local.get $high1)) (i64.const 32))))
    (global.set $m2
      (i64.or (i64.extend_i32_u (local.get $low2)) (i64.shl (i64.extend_i32_u (local.get $high2)) (i64.const 32))))
    (global.set $m3
      (i64.or (i64.extend_i32_u (local.get $low3)) (i64.shl (i64.extend_i32_u (local.get $high3)) (i64.const 32)))))

  (func (export "multilinear") (param $a i32) (param $b i32) (param $c i32) (param $d i32) (result i32)
    (i32.wrap_i64 (i64.shr_u
      (i64.add
        (i64.mul
          (i64.add (global.get $m0) (i64.extend_i32_u (local.get $a)))
          (i64.add (global.get $m1) (i64.extend_i32_u (local.get $b))))
        (i64.mul
          (i64.add (global.get $m2) (i64.extend_i32_u (local.get $c)))
          (i64.add (global.get $m3) (i64.extend_i32_u (local.get $d)))))
      (i64.const 32))))
`;
