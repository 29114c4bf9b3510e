import { parentPort, workerData } from "node:worker_threads";
import { endpointFromWords } from "@udp-relay/address-validation";
import { TunnelClientTable, type TunnelClientTableHandle } from "@udp-relay/tunnel-client";

/** What a worker does: each in a loop of so many rounds. */
export interface TrafficTask {
  readonly what: "count" | "churn";
  readonly handle: TunnelClientTableHandle;
  readonly rounds: number;
  readonly seed: number;
  /** The tick, which moves on whatever the workers do. */
  readonly clock?: Int32Array<SharedArrayBuffer>;
}

const { what, handle, rounds, seed, clock, control } = workerData as TrafficTask & {
  control: Int32Array<SharedArrayBuffer>;
};
const table = TunnelClientTable.attach(handle);
parentPort!.postMessage("ready");
Atomics.wait(control, 0, 0, 20_000);

/** Counts 100 bytes in and 3 out for client 1, 50 times a tick at most, until the tick is -1; returns how often. */
function count(): number {
  let rounds = 0;
  for (let done = 0, tick = 0; tick !== -1; tick = Atomics.load(clock!, 0)) {
    if (tick === done) continue;
    done = tick;
    const guard = table.enter();
    const slot = table.find(1);
    for (let n = 0; n < 50; n++) {
      table.received(slot, 100, tick);
      table.sent(slot, 3, tick);
    }
    guard.leave();
    rounds += 50;
  }
  return rounds;
}

/** Joins from a few prefixes and removes again; returns how often a prefix's clients were more than may be. */
function churn(): number {
  let exceeded = 0;
  const live: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const mixed = Math.imul(round + seed, 0x9e3779b1) >>> 0;
    const port = 1 + (mixed >>> 17);
    const number = 1 + (mixed % 3);
    const endpoint =
      (mixed & 0x1000) === 0
        ? endpointFromWords(0, 0, 0xffff, number, port)
        : endpointFromWords(0x20010db8, number, mixed, port, port);
    const guard = table.enter();
    const slot = table.joinEndpoint(endpoint, 0);
    if (slot >= 0 && table.created) live.push(table.handle(slot));
    guard.leave();
    if ((table.prefixClients(endpoint) ?? 0) > 2) exceeded++;
    if (live.length > 1 || (mixed & 64) !== 0) {
      const handleOfOldest = live.shift();
      if (handleOfOldest !== undefined) table.remove(handleOfOldest);
    }
    Atomics.store(control, 1, round);
  }
  for (const left of live) table.remove(left);
  return exceeded;
}

parentPort!.postMessage(what === "count" ? count() : churn());
