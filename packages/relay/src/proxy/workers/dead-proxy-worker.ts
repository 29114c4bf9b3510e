import { PublishedTotals } from "../../shared/published-totals.ts";
import type { WorkerTotals } from "../../shared/worker-totals.ts";
import { countNames, Field, FIRST_COUNT, MAX_PLACES, Place, placeField } from "./proxy-fields.ts";

const count = (name: (typeof countNames)[number]): number => FIRST_COUNT + countNames.indexOf(name);

/**
 * Puts a worker's totals right once its thread is gone: its sessions died with it. What it counted after its last
 * publication, a tick's worth, is lost.
 *
 * Concurrency: the supervisor, after the worker's 'exit' and before its successor starts.
 */
export function settleProxyDeath(shared: WorkerTotals): void {
  const totals = new PublishedTotals(shared);
  totals.add(count("workerDied"), totals.total(Field.sessions));
  totals.set(Field.sessions, 0);
  for (let place = 0; place < MAX_PLACES; place++) {
    totals.set(placeField(place) + Place.sessions, 0);
    totals.set(placeField(place) + Place.sessionsBeyond, 0);
  }
  totals.publish();
}
