import { DropReason } from "@udp-relay/adapters";
import type { LinuxSockets } from "@udp-relay/adapters/linux";
import type { RelayMemory } from "../shared/relay-memory.ts";
import { COUNTER_FIELDS, dropField, Total, transportField } from "../tunnel/counter-fields.ts";
import { WorkerCounters } from "../tunnel/worker-counters.ts";

/**
 * Puts a worker's totals right once its thread is gone: the batch in its hands counts as received and as
 * `workerDied`. After an orderly end nothing was in its hands.
 *
 * A supervisor's socket counts for itself how many datagrams of finished batches came out of it, and how many a worker
 * died with. If the totals hold more than it finished, their last publication is of a batch that the kernel did not
 * take on: it is taken back, since the socket counts its datagrams among the dead. If they hold less, the worker had
 * refused datagrams for their size and not said so yet.
 *
 * Concurrency: the supervisor, after the worker's 'exit' and before its successor starts.
 *
 * @returns datagrams that died with it
 */
export function settleDeath(memory: RelayMemory, index: number, sockets: LinuxSockets | undefined): number {
  const shared = memory.totals(index);
  const totals = new Float64Array(COUNTER_FIELDS);
  let died = shared.read(totals);
  let refused = 0;
  if (sockets !== undefined) {
    died = sockets.release(index);
    const { finishedDatagrams } = sockets.stats()[index]!;
    refused = (finishedDatagrams - finishedBy(totals)) | 0;
    if (refused < 0) {
      shared.takeBack();
      shared.read(totals);
      refused = (finishedDatagrams - finishedBy(totals)) | 0;
    }
  }
  if (died === 0 && refused === 0) return 0;
  const counters = new WorkerCounters(shared);
  counters.add(Total.received, died);
  counters.add(dropField("workerDied"), died);
  counters.add(transportField(DropReason.truncated), refused);
  counters.publish();
  return died;
}

/** Datagrams of finished batches, as far as the totals know. */
function finishedBy(totals: Float64Array): number {
  const refused =
    totals[transportField(DropReason.truncated)]! + totals[transportField(DropReason.portZero)]!;
  return totals[Total.received]! - totals[dropField("workerDied")]! + refused;
}
