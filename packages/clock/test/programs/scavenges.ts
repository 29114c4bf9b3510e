/** Prints the garbage collections during 1,000,000 calls of each hot method, once optimised. */
import { PerformanceObserver } from "node:perf_hooks";
import { CoarseClock } from "@udp-relay/clock";

const clock = new CoarseClock();
const turns = clock.oncePerTurn();
let collections = 0;
new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ["gc"] });
const turnOver = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

// Sums are kept within int32: a larger one is an allocation of the loop's own.
const loops: Record<string, (calls: number) => number> = {
  update: (calls) => {
    let sum = 0;
    for (let i = 0; i < calls; i++) sum = (sum + clock.update()) | 0;
    return sum;
  },
  recentMs: (calls) => {
    let sum = 0;
    for (let i = 0; i < calls; i++) sum = (sum + clock.recentMs()) | 0;
    return sum;
  },
  recentMicros: (calls) => {
    let sum = 0;
    for (let i = 0; i < calls; i++) sum = (sum + clock.recentMicros()) | 0;
    return sum;
  },
  turn: (calls) => {
    let sum = 0;
    for (let i = 0; i < calls; i++) sum = (sum + turns.recentMs()) | 0;
    return sum;
  },
};
const counted: Record<string, number> = {};
for (const [name, loop] of Object.entries(loops)) {
  for (let warmUp = 0; warmUp < 50; warmUp++) loop(20_000);
  await turnOver();
  collections = 0;
  loop(1_000_000);
  await turnOver();
  counted[name] = collections;
}
console.log(JSON.stringify(counted));
