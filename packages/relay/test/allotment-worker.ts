import { parentPort, workerData } from "node:worker_threads";
import { TunnelClientTable, type TunnelClientTableHandle } from "@udp-relay/tunnel-client";
import type { RegionHandle } from "@udp-relay/atomics-layout";
import { IdAllotment } from "../src/cncnet/id-allotment.ts";
import { RelayMemory } from "../src/shared/relay-memory.ts";

export interface AllotmentTask {
  readonly clients: TunnelClientTableHandle;
  readonly memory: RegionHandle;
  readonly rounds: number;
  readonly seed: number;
}

/** Allots and gives back, and reports whatever was not all or nothing. */
function run({ clients: shared, memory, rounds, seed }: AllotmentTask): void {
  const clients = TunnelClientTable.attach(shared);
  const allotment = new IdAllotment(clients, RelayMemory.attach(memory).control);
  const counts = { granted: 0, full: 0, busy: 0 };
  const faults: string[] = [];
  let random = seed;
  for (let round = 0; round < rounds; round++) {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    const wanted = 2 + ((random >>> 16) % 7);
    const ids = allotment.allot(wanted, 0);
    if (typeof ids === "string") {
      counts[ids]++;
      continue;
    }
    counts.granted++;
    if (ids.length !== wanted || new Set(ids).size !== wanted) faults.push(`${ids.join()} for ${wanted}`);
    const guard = clients.enter();
    const handles = ids.map((id) => {
      const slot = clients.find(id);
      if (slot < 0) faults.push(`${id} is nobody's`);
      return clients.handle(slot);
    });
    guard.leave();
    // Whoever was given the same id would find it gone.
    for (const handle of handles) {
      // BUSY while another worker, suspended perhaps, has the shard locked.
      let removed = false;
      for (let attempt = 0; attempt < 10_000 && !removed && clients.resolve(handle) >= 0; attempt++)
        removed = clients.remove(handle);
      if (!removed) faults.push("an id was somebody else's, too");
    }
  }
  clients[Symbol.dispose]();
  parentPort!.postMessage({ counts, faults });
}

run(workerData as AllotmentTask);
