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
  defineScenario<Shared>({
    name: "worker totals: two publications in a row, a reader sees neither half of the second",
    touches,
    setup,
    threads: [
      thread("worker", attach, (memory) => {
        const totals = memory.totals(0);
        totals.publish(Float64Array.of(3, 3), CHANGED, 2);
        totals.publish(Float64Array.of(5, 5), CHANGED, 2);
      }),
      thread("reader", attach, look),
    ],
    check: ({ results }) => {
      const seen = String(results.get("reader"));
      return wholeBatches.test(seen) ? undefined : `the reader saw ${seen}`;
    },
  }),
  defineScenario<Shared>({
    name: "worker totals: killed while it deals with a batch, that batch is in its hands",
    touches,
    setup,
    threads: [
      thread("worker", attach, (memory) => {
        const totals = memory.totals(0);
        totals.takeInHand(3);
        // What it deals with leaves a trace somewhere else.
        memory.control.requestSweep();
        totals.publish(Float64Array.of(3, 3), CHANGED, 2);
      }),
    ],
    interruption: "kill",
    check: ({ shared }) => {
      const memory = RelayMemory.attach(shared.handle);
      const [seen, dealing] = [look(memory), memory.control.sweepRequests === 1];
      const expected = dealing ? ["0 0 in hand 3", "3 3 in hand 0"] : ["0 0 in hand 0", "0 0 in hand 3"];
      return expected.includes(seen) ? undefined : `the supervisor found ${seen}`;
    },
  }),
  defineScenario<Shared>({
    name: "worker totals: a publication is taken back, and one after it published, while somebody reads",
    touches,
    setup: () => {
      const shared = setup();
      const totals = RelayMemory.attach(shared.handle).totals(0);
      totals.publish(Float64Array.of(3, 3), CHANGED, 2);
      totals.publish(Float64Array.of(5, 5), CHANGED, 2);
      return shared;
    },
    threads: [
      thread("successor", attach, (memory) => {
        const totals = memory.totals(0);
        totals.takeBack();
        const held = look(memory);
        totals.publish(Float64Array.of(4, 4), CHANGED, 2);
        return held;
      }),
      thread("reader", attach, look),
    ],
    check: ({ shared, results }) => {
      if (results.get("successor") !== "3 3 in hand 0")
        return `taken back: ${String(results.get("successor"))}`;
      const end = look(RelayMemory.attach(shared.handle));
      if (end !== "4 4 in hand 0") return `in the end ${end}`;
      const seen = String(results.get("reader"));
      return /^(3 3|4 4|5 5) in hand 0$/.test(seen) ? undefined : `the reader saw ${seen}`;
    },
  }),
];
