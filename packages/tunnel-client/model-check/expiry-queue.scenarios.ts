import { endpointFromWords } from "@udp-relay/address-validation";
import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import {
  type ExpiredClient,
  prepareExpiry,
  publishExpiry,
  readExpiry,
  repairExpiries,
  takeExpiry,
  writeExpiry,
} from "../src/expiry-queue.ts";
import type { ClientSnapshot } from "../src/client-snapshot.ts";
import type { TableMemory } from "../src/table-memory.ts";
import {
  attachUser,
  memoryOf,
  names,
  repairAfter,
  type TinyTable,
  tinyTable,
  type User,
} from "./tiny-table.ts";

const touches = ["packages/tunnel-client/src/expiry-queue.ts"];

interface Queue {
  readonly memory: TableMemory;
  readonly handle: number;
}

const attach = (shared: TinyTable): Queue => queueOf(attachUser(shared));
const queueOf = ({ table, handle }: User | TinyTable): Queue => ({ memory: memoryOf(table), handle });

/** No two fields alike, and none of them zero: what is left out, or in another's place, shows. */
const last: ClientSnapshot = {
  handle: 0,
  id: 0xf000_0001,
  endpoint: endpointFromWords(0xfe80_0003 | 0, 5, 7, 9, 1_009, 11),
  packetsReceived: 2 ** 33 + 13,
  bytesReceived: 2 ** 41 + 17,
  packetsSent: 2 ** 34 + 19,
  bytesSent: 2 ** 42 + 23,
  bytesPerSecondIn: 29,
  bytesPerSecondOut: 31,
  latencyMs: 37,
  lossPerMille: 41,
  jitterMs: 43,
  priority: 47,
  isSlow: true,
  isTimedOut: true,
  idleMs: 53,
  ageMs: 59,
};

function expire({ memory, handle }: Queue): number {
  const entry = prepareExpiry(memory, handle);
  if (entry < 0) return entry;
  writeExpiry(memory, entry, last, "evicted");
  publishExpiry(memory, entry, 0);
  return entry;
}

function deliver({ memory }: Queue): ExpiredClient | undefined {
  const entry = takeExpiry(memory, 0);
  return entry < 0 ? undefined : readExpiry(memory, entry);
}

function difference(delivered: ExpiredClient, handle: number): string | undefined {
  const expected: ExpiredClient = { ...last, handle, reason: "evicted", redelivered: false };
  const [found, wanted] = [JSON.stringify(delivered), JSON.stringify(expected)];
  return sorted(found) === sorted(wanted) ? undefined : `delivered ${found}, not ${wanted}`;
}

/** Of a flat text of JSON: the order of the members does not count. */
const sorted = (json: string): string =>
  json
    .split(/[{},]+/)
    .sort()
    .join();

/** State and owner of each entry. */
function entries({ memory }: Queue): [state: number, owner: number][] {
  const { byteOffset } = memory.region.section("expiries");
  return Array.from({ length: memory.settings.expiryQueue }, (_, entry) => {
    const state = memory.ops.loadPair(byteOffset + entry * 128);
    return [state, memory.ops.pairHigh()];
  });
}

const FREE = 0;
const PREPARED = 1;
const READY = 2;
const CLAIMED = 4;

/** A thread that repairs after the one that set the table up, and then does something. */
interface Repairer {
  readonly queue: Queue;
  readonly dead: number;
}

const attachRepairer = (shared: TinyTable): Repairer => ({
  queue: attach(shared),
  dead: memoryOf(shared.table).ownerId,
});

const repair = ({ queue, dead }: Repairer): void => {
  repairExpiries(queue.memory, dead);
};

export default [
  defineScenario({
    name: "expiry queue: what is delivered is what was last known, whole",
    touches,
    names,
    setup: () => tinyTable(),
    threads: [thread("expiring", attach, expire), thread("delivering", attach, deliver)],
    check: ({ shared, results }) => {
      const queue = queueOf(shared);
      const delivered = (results.get("delivering") as ExpiredClient | undefined) ?? deliver(queue);
      if (delivered === undefined) return "nothing was delivered";
      if (deliver(queue) !== undefined) return "it was delivered twice";
      return difference(delivered, shared.handle);
    },
  }),

  defineScenario({
    name: "expiry queue: one entry, two that deliver it: one does",
    touches,
    names,
    setup: () => {
      const shared = tinyTable();
      expire(queueOf(shared));
      return shared;
    },
    threads: ["one", "two"].map((name) => thread(name, attach, deliver)),
    check: ({ results, shared }) => {
      const delivered = [...results.values()].filter((each) => each !== undefined) as ExpiredClient[];
      return delivered.length === 1
        ? difference(delivered[0]!, shared.handle)
        : `${delivered.length} delivered it`;
    },
  }),

  defineScenario({
    name: "expiry queue: two threads prepare, each has an entry of its own, killed anywhere none is lost",
    touches,
    names,
    setup: () => tinyTable(),
    threads: ["worker 1", "worker 2"].map((name, i) =>
      thread(name, attach, ({ memory, handle }: Queue) => prepareExpiry(memory, handle + i)),
    ),
    interruption: "kill",
    interruptible: ["worker 1"],
    supervisor: supervisor(attachUser, (user: User, _call, killed) => {
      repairAfter(user, killed);
    }),
    check: ({ results, shared, interrupted }) => {
      const places = [...results.values()].filter((place) => typeof place === "number");
      if (places.includes(-1) || new Set(places).size !== places.length) return `entries ${places.join()}`;
      const queue = queueOf(shared);
      const prepared = entries(queue).filter(([state]) => state === PREPARED).length;
      if (interrupted === undefined && prepared !== 2) return `${prepared} prepared`;
      // The client of the one that may die lives on: there is nothing to tell of.
      if (entries(queue).some(([state]) => (state & 7) === READY))
        return "an entry that nobody wrote is ready";
      const { byteOffset } = queue.memory.region.section("expiries");
      for (const [name, place] of results) {
        if (typeof place !== "number") continue;
        const wanted = shared.handle + Number(name.at(-1)) - 1;
        const handle = queue.memory.ops.load64(byteOffset + place * 128 + 8);
        if (handle !== wanted) return `${name}'s entry names ${handle}`;
      }
      return undefined;
    },
  }),

  defineScenario({
    name: "expiry queue: a dead thread's entry is repaired while the next one expires the client: one of them has it",
    touches,
    names,
    setup: () => {
      const shared = tinyTable();
      prepareExpiry(memoryOf(shared.table), shared.handle);
      return shared;
    },
    threads: [
      thread("expiring", attach, ({ memory, handle }: Queue) => prepareExpiry(memory, handle)),
      thread(
        "repairing",
        (shared: TinyTable) => ({ queue: attach(shared), dead: memoryOf(shared.table).ownerId }),
        ({ queue, dead }) => {
          repairExpiries(queue.memory, dead);
        },
      ),
    ],
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
    name: "expiry queue: two entries, two that deliver: each of them once",
    touches,
    names,
    setup: () => {
      const shared = tinyTable();
      for (let n = 0; n < 2; n++) expire(queueOf(shared));
      return shared;
    },
    threads: ["one", "two"].map((name) => thread(name, attach, ({ memory }: Queue) => takeExpiry(memory, 0))),
    check: ({ results }) => {
      const taken = [...results.values()].sort();
      return taken.join() === "0,1" ? undefined : `entries ${taken.join()} were taken`;
    },
  }),

  defineScenario({
    name: "expiry queue: a dead thread's entry is taken over while it is repaired, and what is free for another client",
    touches,
    names,
    setup: () => {
      const shared = tinyTable();
      prepareExpiry(memoryOf(shared.table), shared.handle);
      return shared;
    },
    threads: [
      thread("expiring", attach, ({ memory, handle }: Queue) => prepareExpiry(memory, handle)),
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
