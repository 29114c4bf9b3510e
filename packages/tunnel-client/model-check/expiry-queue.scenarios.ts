import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import { type ExpiredClient, prepareExpiry, readExpiry, takeExpiry } from "../src/expiry-queue.ts";
import { attachQueue, entries, expire, last, PREPARED, type Queue, queueOf, READY } from "./tiny-queue.ts";
import { attachUser, names, repairAfter, tinyTable, type User } from "./tiny-table.ts";

const touches = ["packages/tunnel-client/src/expiry-queue.ts"];

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

export default [
  defineScenario({
    name: "expiry queue: what is delivered is what was last known, whole",
    touches,
    names,
    setup: () => tinyTable(),
    threads: [thread("expiring", attachQueue, expire), thread("delivering", attachQueue, deliver)],
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
    threads: ["one", "two"].map((name) => thread(name, attachQueue, deliver)),
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
      thread(name, attachQueue, ({ memory, handle }: Queue) => prepareExpiry(memory, handle + i)),
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
    name: "expiry queue: two entries, two that deliver: each of them once",
    touches,
    names,
    setup: () => {
      const shared = tinyTable();
      for (let n = 0; n < 2; n++) expire(queueOf(shared));
      return shared;
    },
    threads: ["one", "two"].map((name) =>
      thread(name, attachQueue, ({ memory }: Queue) => takeExpiry(memory, 0)),
    ),
    check: ({ results }) => {
      const taken = [...results.values()].sort();
      return taken.join() === "0,1" ? undefined : `entries ${taken.join()} were taken`;
    },
  }),
];
