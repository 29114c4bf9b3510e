import { defineScenario, thread } from "@udp-relay/model-check";
import { prepareExpiry, publishExpiry, repairExpiries, takeExpiry } from "../src/expiry-queue.ts";
import { attachQueue, CLAIMED, entries, expire, FREE, PREPARED, type Queue, queueOf } from "./tiny-queue.ts";
import { memoryOf, names, type TinyTable, tinyTable } from "./tiny-table.ts";

const touches = ["packages/tunnel-client/src/expiry-queue.ts"];

/** A thread that repairs after the one that set the table up, and then does something. */
interface Repairer {
  readonly queue: Queue;
  readonly dead: number;
}

const attachRepairer = (shared: TinyTable): Repairer => ({
  queue: attachQueue(shared),
  dead: memoryOf(shared.table).ownerId,
});

const repair = ({ queue, dead }: Repairer): void => {
  repairExpiries(queue.memory, dead);
};

/** The thread that sets the table up has an entry for its client, and is the dead one. */
const prepared = (): TinyTable => {
  const shared = tinyTable();
  prepareExpiry(memoryOf(shared.table), shared.handle);
  return shared;
};

const expiring = thread("expiring", attachQueue, ({ memory, handle }: Queue) =>
  prepareExpiry(memory, handle),
);

export default [
  defineScenario({
    name: "expiry queue: a dead thread's entry is repaired while the next one expires the client: one of them has it",
    touches,
    names,
    setup: prepared,
    threads: [expiring, thread("repairing", attachRepairer, repair)],
    check: ({ results, shared }) => {
      const queue = queueOf(shared);
      const dead = queue.memory.ownerId;
      const taken = entries(queue).filter(([state]) => state !== FREE);
      if (taken.length !== 1 || taken[0]![0] !== PREPARED) return `the entries are ${JSON.stringify(taken)}`;
      if (taken[0]![1] === dead) return "it still is the dead one's";
      const place = results.get("expiring") as number;
      return entries(queue)[place]?.[0] === PREPARED ? undefined : "the one that expires it has no entry";
    },
  }),

  defineScenario({
    name: "expiry queue: a dead thread's entry is taken over while it is repaired, and what is free for another client",
    touches,
    names,
    setup: prepared,
    threads: [
      expiring,
      thread("repairing", attachRepairer, (repairer: Repairer) => {
        repair(repairer);
        return prepareExpiry(repairer.queue.memory, repairer.queue.handle + 1);
      }),
    ],
    check: ({ results, shared }) => {
      const { memory, handle } = queueOf(shared);
      const { byteOffset } = memory.region.section("expiries");
      for (const [i, name] of ["expiring", "repairing"].entries()) {
        const place = results.get(name) as number;
        const named = place < 0 ? "nothing" : memory.ops.load64(byteOffset + place * 128 + 8);
        if (named !== handle + i) return `the entry of "${name}" names ${named}`;
      }
      return undefined;
    },
  }),

  // A dead thread's entry in each state; it is repaired twice, and somebody goes on with it meanwhile.
  ...(["claimed", "kept for itself", "in delivery"] as const).map((state) =>
    defineScenario({
      name: `expiry queue: an entry that a dead thread had ${state} is repaired twice, and used meanwhile`,
      touches,
      names,
      setup: () => {
        const shared = tinyTable();
        const queue = queueOf(shared);
        const { memory } = queue;
        if (state === "claimed") {
          prepareExpiry(memory, 0);
          memory.ops.storePair(memory.region.section("expiries").byteOffset, CLAIMED, memory.ownerId);
          // The other entry is not free either: whoever prepares needs the dead one's.
          prepareExpiry(memory, shared.handle + 7);
          memory.ops.storePair(memory.region.section("expiries").byteOffset + 128, PREPARED, 0);
          return shared;
        }
        for (let entry = 0; entry < 2; entry++) {
          expire(queue);
          publishExpiry(memory, entry, memory.ownerId);
          if (state === "in delivery") takeExpiry(memory, 0);
        }
        return shared;
      },
      threads: [
        thread("repairing", attachRepairer, repair),
        thread("using", attachRepairer, (repairer: Repairer) => {
          repair(repairer);
          const { memory, handle } = repairer.queue;
          return state === "claimed"
            ? [prepareExpiry(memory, handle)]
            : [takeExpiry(memory, 0), takeExpiry(memory, 0)];
        }),
      ],
      check: ({ results, shared }) => {
        const queue = queueOf(shared);
        const used = results.get("using") as number[];
        const wanted = state === "claimed" ? "0" : "0,1";
        if (used.join() !== wanted) return `entries ${used.join()} were used, not ${wanted}`;
        const now = JSON.stringify(
          entries(queue)
            .slice(0, used.length)
            .map(([found]) => found),
        );
        const after = { claimed: "[1]", "kept for itself": "[3,3]", "in delivery": "[11,11]" }[state];
        return now === after ? undefined : `then the entries' states are ${now}, not ${after}`;
      },
    }),
  ),
];
