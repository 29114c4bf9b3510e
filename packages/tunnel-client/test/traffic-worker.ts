import { parentPort, workerData } from "node:worker_threads";
import { endpointFromWords } from "@udp-relay/address-validation";
import { TunnelClientTable, type TunnelClientTableHandle } from "@udp-relay/tunnel-client";

/** What a worker does: each in a loop of so many rounds. */
export interface TrafficTask {
  readonly what: "count" | "churn";
  readonly handle: TunnelClientTableHandle;
  readonly rounds: number;
  readonly seed: number;
}

const { what, handle, rounds, seed, control } = workerData as TrafficTask & {
  control: Int32Array<SharedArrayBuffer>;
};
const table = TunnelClientTable.attach(handle);
parentPort!.postMessage("ready");
Atomics.wait(control, 0, 0, 20_000);

/** Counts 100 bytes in and 3 out for client 1, a tick each 50 rounds. */
function count(): number {
  for (let round = 0; round < rounds; round++) {
    const tick = Math.floor(round / 50);
    const guard = table.enter();
    const slot = table.find(1);
    table.received(slot, 100, tick);
    table.sent(slot, 3, tick);
    guard.leave();
  }
  return rounds;
}

/** Joins from a few hosts and removes again; returns how often a host's clients were more than may be. */
function churn(): number {
  let exceeded = 0;
  const live: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const mixed = Math.imul(round + seed, 0x9e3779b1) >>> 0;
    const endpoint = endpointFromWords(0, 0, 0xffff, 1 + (mixed % 3), 1 + (mixed >>> 17));
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
