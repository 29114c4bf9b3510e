/** One read of the time, chosen by `argv[2]`; each loop holds its operation inline. */
import { CoarseClock } from "@udp-relay/clock";
import { measure } from "../measure.ts";

const clock = new CoarseClock();
const turns = clock.oncePerTurn();

const loops: Record<string, (iterations: number) => number> = {
  "performance.now": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += performance.now();
    return sum;
  },
  "Date.now": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += Date.now();
    return sum;
  },
  recentMs: (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += clock.recentMs();
    return sum;
  },
  recentMicros: (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += clock.recentMicros();
    return sum;
  },
  turn: (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += turns.recentMs();
    return sum;
  },
  nowMs: (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += clock.nowMs();
    return sum;
  },
  stalenessMs: (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += clock.stalenessMs();
    return sum;
  },
  update: (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += clock.update();
    return sum;
  },
};

const operation = process.argv[2] ?? "";
const loop = loops[operation];
if (loop === undefined) throw new Error(`no such read: ${operation}`);
measure(loop);
