import { DropReason } from "@udp-relay/adapters";
import type { LinuxSocketStats } from "@udp-relay/adapters/linux";
import { PublishedTotals } from "../../shared/published-totals.ts";
import type { WorkerTotals } from "../../shared/worker-totals.ts";
import {
  countNames,
  Field,
  FIRST_COUNT,
  FIRST_LISTEN,
  Place,
  placeField,
  placesIn,
  SOCKET_DROPS,
  SocketField,
} from "./proxy-fields.ts";

const WORKER_DIED = FIRST_COUNT + countNames.indexOf("workerDied");
const RECEIVED = FIRST_LISTEN + SocketField.receivedDatagrams;
/** What may become of a datagram between the socket and `onBatch`. */
const REFUSALS = [DropReason.truncated, DropReason.portZero, DropReason.other, DropReason.noHandler];
const dropField = (reason: number): number => FIRST_LISTEN + SOCKET_DROPS + reason;

/**
 * Puts a worker's totals right once its thread is gone: its sessions died with it. What it counted since it published
 * last, a millisecond before, is lost, but for the listening socket: that knows for itself how many datagrams of finished batches came out of it, and
 * how many a worker died with.
 *
 * Concurrency: the supervisor, after the worker's 'exit' and before its successor starts.
 *
 * @param socket of the worker, after its death is settled there
 */
export function settleProxyDeath(shared: WorkerTotals, socket: LinuxSocketStats): void {
  const totals = new PublishedTotals(shared);
  totals.add(WORKER_DIED, totals.total(Field.sessions));
  totals.set(Field.sessions, 0);
  for (let place = 0; place < placesIn(shared.fields); place++) {
    totals.set(placeField(place) + Place.sessions, 0);
    totals.set(placeField(place) + Place.sessionsBeyond, 0);
  }
  let refused = 0;
  for (const reason of REFUSALS) refused += totals.total(dropField(reason));
  // Those that the socket refused since its drops were published count as received.
  const uncounted = (socket.finishedDatagrams - refused - totals.total(RECEIVED)) | 0;
  totals.add(RECEIVED, Math.max(0, uncounted));
  totals.set(dropField(DropReason.workerDied), socket.workerDied);
  totals.publish();
}
