import { parentPort, workerData } from "node:worker_threads";
import { CoarseClock } from "@udp-relay/clock";
import { type Comparison, takeTurns } from "./compare-clocks.ts";

const { comparisons } = workerData as { comparisons: readonly { comparison: Comparison; side: 0 | 1 }[] };
const clock = CoarseClock.attach(comparisons[0]!.comparison.handle);
const first = { tick: clock.recentMs(), stalenessMs: clock.stalenessMs() };
parentPort?.postMessage(first);
for (const { comparison, side } of comparisons) takeTurns(clock, comparison, side);
