import { parentPort, workerData } from "node:worker_threads";
import { CoarseClock, type ClockHandle } from "@udp-relay/clock";

/** What a thread saw while it and others updated the clock as fast as they could. */
export interface RaceReport {
  readonly reads: number;
  readonly ticksBack: number;
  readonly microsBack: number;
  /** Updates after which the clock gave less than the thread's own clock had before. */
  readonly behindOwnUpdate: number;
  readonly changesByOthers: number;
  /** Reads that gave a smaller u32 than the one before, as the wrap does. */
  readonly tickWraps: number;
  readonly microsWraps: number;
}

export function race(clock: CoarseClock, ms: number): RaceReport {
  const report = {
    reads: 0,
    ticksBack: 0,
    microsBack: 0,
    behindOwnUpdate: 0,
    changesByOthers: 0,
    tickWraps: 0,
    microsWraps: 0,
  };
  const until = clock.nowMs() + ms;
  let tick = clock.recentMs();
  let micros = clock.recentMicros();
  for (let nowMs = clock.nowMs(); nowMs < until; nowMs = clock.nowMs()) {
    const ownMicros = (nowMs * 1000) >>> 0;
    const updated = clock.update();
    if (((clock.recentMicros() - ownMicros) | 0) < 0 || ((updated - (nowMs >>> 0)) | 0) < 0) {
      report.behindOwnUpdate++;
    }
    for (let read = 0; read < 8; read++) {
      const nextTick = clock.recentMs();
      const nextMicros = clock.recentMicros();
      if (((nextTick - tick) | 0) < 0) report.ticksBack++;
      if (((nextMicros - micros) | 0) < 0) report.microsBack++;
      if (nextTick < tick) report.tickWraps++;
      if (nextMicros < micros) report.microsWraps++;
      if (read > 0 && nextMicros !== micros) report.changesByOthers++;
      tick = nextTick;
      micros = nextMicros;
      report.reads++;
    }
  }
  return report;
}

if (parentPort !== null) {
  const port = parentPort;
  const { ms, start } = workerData as { ms: number; start: Int32Array<SharedArrayBuffer> };
  port.once("message", (handle: ClockHandle) => {
    const clock = CoarseClock.attach(handle);
    port.postMessage("attached");
    Atomics.wait(start, 0, 0, 10_000);
    port.postMessage(race(clock, ms));
    port.close();
  });
}
