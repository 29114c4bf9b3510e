import { CoarseClock } from "@udp-relay/clock";

/** A clock that is `aheadMs` older than this thread: its origin is moved before anybody attaches. */
export function shiftedClock(aheadMs: number): CoarseClock {
  const buffer = new SharedArrayBuffer(64);
  const creator = new CoarseClock({ buffer });
  const words = new Int32Array(buffer);
  words[0] = (creator.nowMs() + aheadMs) >>> 0;
  words[1] = ((creator.nowMs() + aheadMs) * 1000) >>> 0;
  const epoch = new BigInt64Array(buffer, 16, 1);
  epoch[0]! -= BigInt(Math.round(aheadMs * 1000));
  return CoarseClock.attach({ kind: "@udp-relay/clock", buffer, byteOffset: 0 });
}

/** How far ahead a clock has to be for its tick to reach `tick` in `ms` from now. */
export function aheadFor(tick: number, ms: number): number {
  return tick - ms - performance.now();
}
