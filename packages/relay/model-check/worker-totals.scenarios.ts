import { defineScenario, thread } from "@udp-relay/model-check";
import { RelayMemory } from "../src/shared/relay-memory.ts";

const touches = ["packages/relay/src/shared/worker-totals.ts"];

interface Shared {
  readonly handle: RelayMemory["shared"];
}

const setup = (): Shared => ({
  handle: RelayMemory.create({ workers: 1, slots: 1, pingPrefixes: 8, pairs: 8 }).shared,
});
const attach = ({ handle }: Shared): RelayMemory => RelayMemory.attach(handle);
const CHANGED = Uint16Array.of(0, 1);

/** Two batches, of 3 and of 2 datagrams; two fields that are always equal. */
function work(memory: RelayMemory): void {
  const totals = memory.totals(0);
  totals.takeInHand(3);
  totals.publish(Float64Array.of(3, 3), CHANGED, 2);
  totals.takeInHand(2);
  totals.publish(Float64Array.of(5, 5), CHANGED, 2);
}

function look(memory: RelayMemory): string {
  const target = new Float64Array(2);
  const inHand = memory.totals(0).read(target);
  return `${target[0]!} ${target[1]!} in hand ${inHand}`;
}

/** Whatever a reader sees is a whole number of batches; what is in hand may be one step ahead of it or behind. */
const wholeBatches = /^(0 0|3 3|5 5) in hand [023]$/;
/** What the supervisor finds of a dead worker: totals, and exactly the batch that they do not hold. */
const moments = ["0 0 in hand 0", "0 0 in hand 3", "3 3 in hand 0", "3 3 in hand 2", "5 5 in hand 0"];

export default [
  defineScenario<Shared>({
    name: "worker totals: a reader sees whole batches",
    touches,
    setup,
    threads: [
      thread("worker", attach, (memory) => {
        work(memory);
      }),
      thread("reader", attach, look),
    ],
    check: ({ results }) => {
      const seen = String(results.get("reader"));
      return wholeBatches.test(seen) ? undefined : `the reader saw ${seen}`;
    },
  }),
  defineScenario<Shared>({
    name: "worker totals: killed anywhere, the batch in hand is the one that the totals do not hold",
    touches,
    setup,
    threads: [
      thread("worker", attach, (memory) => {
        work(memory);
      }),
    ],
    interruption: "kill",
    check: ({ shared }) => {
      const seen = look(RelayMemory.attach(shared.handle));
      return moments.includes(seen) ? undefined : `the supervisor found ${seen}`;
    },
  }),
];
