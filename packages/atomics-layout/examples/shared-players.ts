import {
  attachRegion,
  compileLayout,
  createRegion,
  line,
  superviseWorker,
  u32,
  u64,
} from "@udp-relay/atomics-layout";
import type { RegionHandle } from "@udp-relay/atomics-layout";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const Player = compileLayout("Player", { hot: line({ packets: u64 }), lock: line({ holder: u32 }) });

if (isMainThread) {
  const region = createRegion(Player, { capacity: 1_000 });
  const player = new Player.View(region).at(7);
  // What a dead owner held is marked with its id: this is where it is put right.
  region.onOwnerDeath((index, epoch) => {
    console.log(`owner ${index} of epoch ${epoch} died, holding the lock: ${player.holder !== 0}`);
    player.storeHolder(0);
  });
  const worker = new Worker(new URL(import.meta.url), { workerData: region.shared });
  superviseWorker(region, worker, {
    onEnd: ({ repaired }) => console.log(`${repaired} repaired, ${player.packets} packets kept`),
  });
  worker.once("message", () => void worker.terminate());
} else {
  const region = attachRegion(workerData as RegionHandle, Player);
  const owner = region.claimOwner("receiver");
  const player = new Player.View(region).at(7);
  player.compareExchangeHolder(0, owner.id);
  player.addPackets(2);
  owner.beat(Math.trunc(performance.now()));
  parentPort!.postMessage("counted, and killed before it unlocks");
}
