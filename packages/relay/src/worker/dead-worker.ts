import type { LinuxSockets } from "@udp-relay/adapters/linux";
import type { RelayMemory } from "../shared/relay-memory.ts";
import { COUNTER_FIELDS, dropField, Total } from "../tunnel/counter-fields.ts";
import { WorkerCounters } from "../tunnel/worker-counters.ts";

/**
 * Puts a worker's totals right once its thread is gone: the batch in its hands counts as received and as
 * `workerDied`. After an orderly end nothing was in its hands.
 *
 * A worker on a supervisor's socket has two more places to die in: after the kernel gave it a batch and before the
 * relay saw it, and after the relay was done with a batch and before the kernel took what it sent. In the second case
 * the last publication is taken back, since its datagrams are in the socket's count of the dead.
 *
 * Concurrency: the supervisor, after the worker's 'exit' and before its successor starts.
 *
 * @returns datagrams that died with it
 */
export function settleDeath(memory: RelayMemory, index: number, sockets: LinuxSockets | undefined): number {
  const shared = memory.totals(index);
  const totals = new Float64Array(COUNTER_FIELDS);
  const inHand = shared.read(totals);
  let died = inHand;
  if (sockets !== undefined) {
    died = sockets.release(index);
    const { finishedDatagrams } = sockets.stats()[index]!;
    const published = totals[Total.received]! - totals[dropField("workerDied")]!;
    if (((published - finishedDatagrams) | 0) > 0) shared.takeBack();
  }
  if (died === 0) return 0;
  const counters = new WorkerCounters(shared);
  counters.add(Total.received, died);
  counters.add(dropField("workerDied"), died);
  counters.publish();
  return died;
}
