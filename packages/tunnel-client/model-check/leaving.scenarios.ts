import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { Call, SequentialModel } from "@udp-relay/model-check";
import { JOIN_BUSY, JOIN_PREFIX_FULL, type TunnelClientTable } from "../src/index.ts";
import { offerExpiries, prepareExpiry, publishExpiry, takeExpiry } from "../src/expiry-queue.ts";
import { DELIVERING, entries, READY } from "./tiny-queue.ts";
import {
  attachUser,
  endpoint,
  memoryOf,
  names,
  repairAfter,
  TIMEOUT_MS,
  tinyTable,
  type User,
} from "./tiny-table.ts";

const touching = (files: readonly string[]): string[] =>
  files.map((name) => `packages/tunnel-client/src/${name}.ts`);

const repairs = supervisor(attachUser, (user: User, _call, killed) => {
  repairAfter(user, killed);
});

/** Expires the client, and records its deliveries, also that of a thread which dies later. */
function sweep(table: TunnelClientTable, call: Call): void {
  table.onExpire(({ redelivered }) => call("told", [], () => (redelivered ? "again" : "first")));
  table.sweep(TIMEOUT_MS, 3);
}

/** The client is told of for the first time once; in the end it was told of. */
const toldOnce: SequentialModel<unknown> = {
  initial: "waiting",
  apply: (state, { name }) => {
    if (name === "settled") return [{ state, result: state }];
    const again = { state: "told", result: "again" };
    return state === "waiting" ? [{ state: "told", result: "first" }, again] : [again];
  },
};

/** The client 1 from host 1 is there; hosts 1 and 257 differ, whatever the limit calls a prefix. */
const limited = { capacity: 2, clientsPerPrefix: 1, prefixBits6: 64 } as const;

const join =
  (id: number, host: number) =>
  ({ table }: User): string => {
    const guard = table.enter();
    const slot = table.join(id, endpoint(host), 1);
    guard.leave();
    return slot >= 0
      ? "joined"
      : slot === JOIN_PREFIX_FULL
        ? "prefix full"
        : slot === JOIN_BUSY
          ? "busy"
          : `${slot}`;
  };

const leave = ({ table, handle }: User): string => (table.remove(handle) ? "left" : "stays");

/** Members and clients must be the same, for each of the hosts, and a place that is free can be taken. */
function auditPrefixes(table: TunnelClientTable): string | undefined {
  const hosts = [1, 2];
  for (const host of hosts) {
    const clients = table.snapshot(1).filter((client) => client.endpoint.a3 === host).length;
    const members = table.prefixClients(endpoint(host));
    if (clients > 1) return `${clients} clients from host ${host}`;
    if (members !== clients) return `host ${host} has ${clients} clients and ${members} members`;
  }
  for (const { handle } of table.snapshot(1)) table.remove(handle);
  const guard = table.enter();
  const slots = hosts.map((host) => table.join(100 + host, endpoint(host), 1));
  guard.leave();
  return slots.every((slot) => slot >= 0) ? undefined : `places are lost: ${slots.join()}`;
}

/** Each has some hundred steps a thread: too many for every interleaving. Bugs here need few changes of thread. */
const random = { runs: 300, longRuns: 5_000, seed: 15, depth: 4 };

export default [
  defineScenario({
    name: "two threads expire one client, killed anywhere",
    touches: touching(["expiry-queue", "table-expiry", "receiver-progress", "deliveries", "table-guard"]),
    names,
    setup: () => tinyTable({}, (table) => table.beat(TIMEOUT_MS / 2)),
    threads: [1, 2].map((number) =>
      thread(`worker ${number}`, attachUser, ({ table }: User, call) => sweep(table, call)),
    ),
    interruption: "kill",
    mode: random,
    supervisor: repairs,
    model: toldOnce,
    check: ({ shared }, call) => {
      sweep(shared.table, call);
      sweep(shared.table, () => "first" as never);
      call("settled", [], () => "told");
      if (shared.table.size !== 0) return "the client is still there";
      return shared.table.stats().expiriesPending === 0 ? undefined : "an entry of the queue is lost";
    },
  }),

  defineScenario({
    name: "a thread offers what it had kept for itself to tell of: somebody takes it, once, killed anywhere",
    touches: touching(["expiry-queue"]),
    names,
    setup: () => tinyTable(),
    threads: [
      thread("worker 1", attachUser, ({ table, handle }: User) => {
        const memory = memoryOf(table);
        const entry = prepareExpiry(memory, handle);
        publishExpiry(memory, entry, memory.ownerId);
        offerExpiries(memory);
      }),
      thread("worker 2", attachUser, ({ table }: User) => takeExpiry(memoryOf(table), 0)),
    ],
    interruption: "kill",
    interruptible: ["worker 1"],
    supervisor: repairs,
    check: ({ shared, results, interrupted }) => {
      const memory = memoryOf(shared.table);
      const taken = [results.get("worker 2") as number, takeExpiry(memory, 0), takeExpiry(memory, 0)];
      const times = taken.filter((entry) => entry >= 0).length;
      if (times > 1) return `it was taken ${times} times`;
      // Killed before it was ready it is about a client that lives.
      return times === 1 || interrupted !== undefined ? undefined : "nobody can take it";
    },
  }),

  defineScenario({
    name: "a thread offers what it had kept for itself: what it tells of now, and what another one keeps, stay theirs",
    touches: touching(["expiry-queue"]),
    names,
    setup: () => {
      const shared = tinyTable();
      const memory = memoryOf(shared.table);
      for (const deliverer of [0, memory.ownerId]) {
        publishExpiry(memory, prepareExpiry(memory, shared.handle), deliverer);
      }
      return shared;
    },
    threads: [
      thread("worker 1", attachUser, ({ table }: User) => {
        const memory = memoryOf(table);
        const entry = takeExpiry(memory, 0);
        offerExpiries(memory);
        return [entry, memory.ownerId];
      }),
      thread("worker 2", attachUser, ({ table }: User) => takeExpiry(memoryOf(table), 1)),
    ],
    check: ({ shared, results }) => {
      const memory = memoryOf(shared.table);
      const [entry, owner] = results.get("worker 1") as [number, number];
      if (entry !== 0) return `it tells of entry ${entry}`;
      const taken = results.get("worker 2") as number;
      if (taken >= 0) return `another thread took entry ${taken}`;
      const found = entries({ memory })
        .map(([state, holder]) => `${state} of ${holder}`)
        .join();
      const wanted = `${DELIVERING} of ${owner},${READY} of ${memory.ownerId}`;
      return found === wanted ? undefined : `the entries are ${found}, not ${wanted}`;
    },
  }),

  defineScenario({
    name: "two newcomers for the last place of a prefix, killed anywhere",
    touches: touching(["prefix-limit", "prefix-bits", "prefix-journal", "table-writers"]),
    names,
    setup: () => tinyTable({ ...limited, capacity: 3 }),
    threads: [thread("worker 1", attachUser, join(2, 2)), thread("worker 2", attachUser, join(3, 2))],
    interruption: "kill",
    mode: random,
    supervisor: repairs,
    check: ({ shared, results, interrupted }) => {
      const outcomes = [...results.values()];
      if (outcomes.filter((outcome) => outcome === "joined").length > 1) return "both joined";
      if (interrupted === undefined && outcomes.every((outcome) => outcome === "prefix full"))
        return "nobody joined";
      return auditPrefixes(shared.table);
    },
  }),

  defineScenario({
    name: "a prefix's last client leaves while another joins, killed anywhere",
    touches: touching(["prefix-limit", "table-writers", "tunnel-client-table"]),
    names,
    setup: () => tinyTable({ ...limited, capacity: 3 }),
    threads: [thread("worker 1", attachUser, leave), thread("worker 2", attachUser, join(2, 1))],
    interruption: "kill",
    mode: random,
    supervisor: repairs,
    check: ({ shared }) => auditPrefixes(shared.table),
  }),

  defineScenario({
    name: "a client is rebound to the prefix that another joins, killed anywhere",
    touches: touching(["prefix-limit", "table-writers", "endpoint-copies"]),
    names,
    setup: () => tinyTable({ ...limited, capacity: 3 }),
    threads: [
      thread("worker 1", attachUser, ({ table, handle }: User) => {
        const guard = table.enter();
        const result = table.rebind(table.resolve(handle), endpoint(2), 1);
        guard.leave();
        return `${result}`;
      }),
      thread("worker 2", attachUser, join(2, 2)),
    ],
    interruption: "kill",
    mode: random,
    supervisor: repairs,
    check: ({ shared }) => auditPrefixes(shared.table),
  }),

  defineScenario({
    name: "two newcomers of a full table, one client of which is unpaired, killed anywhere",
    touches: touching(["eviction", "slot-ranking", "table-expiry", "table-writers"]),
    names,
    setup: () =>
      tinyTable({}, (table, slot) => {
        table.sent(slot, 1, 0);
        table.join(2, endpoint(2), 0);
      }),
    threads: [thread("worker 1", attachUser, join(3, 3)), thread("worker 2", attachUser, join(4, 4))],
    interruption: "kill",
    mode: { ...random, runs: 400 },
    supervisor: repairs,
    check: ({ shared, results, interrupted }) => {
      const { table } = shared;
      const ids = table.snapshot(1).map(({ id }) => id);
      if (!ids.includes(1)) return "the paired client is gone";
      if (ids.length > 2) return `${ids.length} clients in a table for 2`;
      const { evicted, expired } = table.stats();
      if (expired > 0 || evicted > 2) return `${expired} expired, ${evicted} evicted`;
      if (interrupted === undefined) {
        const joined = [...results.values()].filter((outcome) => outcome === "joined").length;
        if (joined === 0) return `nobody took the unpaired one's place: ${[...results.values()].join()}`;
        // More may go than come: the slot of one that went rests while the other thread is in a guard.
        if (joined > evicted) return `${joined} joined, ${evicted} were evicted`;
      }
      // The places are all there.
      for (const { handle } of table.snapshot(1)) table.remove(handle);
      const outcomes = [10, 11].map((id) => join(id, id)({ ...shared, shared: table.shared }));
      return outcomes.every((outcome) => outcome === "joined")
        ? undefined
        : `places are lost: ${outcomes.join()}`;
    },
  }),
];
