/**
 * How old `recentMs()` is while this thread's loop is blocked: `interval|thread busy|other PERCENT p50|p99`.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { CoarseClock } from "@udp-relay/clock";
import { isQuick, report } from "../measure.ts";

const BURST_MS = 50;
const READ_EACH_MS = 0.1;
const [ticker, reader, blockedText, percentile] = process.argv.slice(2);
const blocked = Number(blockedText) / 100;
if (!(blocked > 0 && blocked < 1)) throw new Error("the blocked share is a percentage within 1..99");
const runMs = isQuick() ? 700 : 5000;

const clock = new CoarseClock();
if (ticker === "thread") await clock.startTickerThread({ intervalMs: 1 }).ready;
else clock.startTicker({ intervalMs: 1 });

const stop = new Int32Array(new SharedArrayBuffer(4));
const observer = new Worker(new URL("./staleness-observer.ts", import.meta.url), {
  workerData: { handle: clock.shared, stop },
});
await once(observer, "online");
await idle(100);

const own: number[] = [];
const ends = performance.now() + runMs;
while (performance.now() < ends) {
  const burstEnds = performance.now() + BURST_MS;
  for (let nextRead = 0, now = performance.now(); now < burstEnds; now = performance.now()) {
    if (now < nextRead) continue;
    own.push(clock.stalenessMs());
    nextRead = now + READ_EACH_MS;
  }
  await idle((BURST_MS * (1 - blocked)) / blocked);
}
Atomics.store(stop, 0, 1);
Atomics.notify(stop, 0);
const [other] = (await once(observer, "message")) as [number[]];

const samples = (reader === "other" ? other : own).sort((a, b) => a - b);
const at = (fraction: number): number => samples[Math.floor((samples.length - 1) * fraction)] ?? NaN;
const summary = { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1), samples: samples.length };
report(percentile === "p99" ? summary.p99 : summary.p50, summary);
clock[Symbol.dispose]();

function idle(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
