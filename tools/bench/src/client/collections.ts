/** Collections of the young generation that 1,000,000 datagrams bring about: `KIND`, or `snapshot` for what allocates. */
import { constants, PerformanceObserver } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { CoarseClock } from "@udp-relay/clock";
import { report } from "../measure.ts";
import { BATCH, clientsOf, filledTable } from "./clients.ts";
import type { ClientKind } from "./clients.ts";

const what = process.argv[2]!;
const kind = (what === "snapshot" ? "u32" : what) as ClientKind;
const COUNT = 1_000;
const clients = clientsOf(kind, COUNT);
const table = filledTable(kind, COUNT, clients);
const clock = new CoarseClock();
let place = 0;

function slotOf(tick: number): number {
  if (kind === "u32") return table.find(clients.ids[place]!);
  if (kind === "ipv4") return table.findEndpoint(clients.endpoints[place]!);
  return table.fromRinfo(clients.rinfos[place]!, tick);
}

function run(datagrams: number): number {
  let sum = 0;
  for (let done = 0; done < datagrams; done += BATCH) {
    const tick = clock.update();
    const guard = table.enter();
    for (let n = 0; n < BATCH; n++) {
      const slot = slotOf(tick);
      if (what === "snapshot") sum += table.snapshotOf(table.handle(slot), tick)!.packetsReceived;
      else table.received(slot, 128, tick);
      place = place + 1 === COUNT ? 0 : place + 1;
    }
    guard.leave();
  }
  return sum;
}

const starts: number[] = [];
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind: collected } = (entry as unknown as { detail: { kind: number } }).detail;
    if (collected === constants.NODE_PERFORMANCE_GC_MINOR) starts.push(entry.startTime);
  }
});
observer.observe({ entryTypes: ["gc"] });
let sink = run(400_000);
await setTimeout(20);
const begun = performance.now();
sink += run(1_000_000);
const ended = performance.now();
// The entries arrive when the loop has turned.
await setTimeout(20);
report(starts.filter((start) => start >= begun && start <= ended).length, { elapsedMs: ended - begun, sink });
