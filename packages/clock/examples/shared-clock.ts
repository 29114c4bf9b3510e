import { CoarseClock, elapsedMs } from "@udp-relay/clock";

using clock = new CoarseClock();
clock.startTicker({ intervalMs: 1 }); // or startTickerThread, or oncePerTurn(), or update() once a batch

const seen = clock.recentMs(); // u32 ms: one atomic load, right without an update before it
const idle = elapsedMs(clock.update(), seen); // right across the wrap after 49.7 days
console.log(`seen ${new Date(clock.unixMs(seen)).toISOString()}, idle for ${idle} ms`);
if (clock.stalenessMs() > 1000) console.warn("nobody updates the clock");
// In a worker thread: CoarseClock.attach(handle), with the handle that postMessage(clock.shared) brought.
