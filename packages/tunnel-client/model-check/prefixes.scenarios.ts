import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { Endpoint } from "@udp-relay/address-validation";
import type { TunnelClientTable } from "../src/index.ts";
import {
  attachUser,
  endpoint,
  memoryOf,
  names,
  repairAfter,
  type TinyTable,
  tinyTable,
  type User,
} from "./tiny-table.ts";

const touches = ["prefix-limit", "prefix-journal", "table-writers", "tunnel-client-table"].map(
  (name) => `packages/tunnel-client/src/${name}.ts`,
);

const repairs = supervisor(attachUser, (user: User, _call, killed) => {
  repairAfter(user, killed);
});

/** Two clients a prefix: members have second places, where a loop has to come to. */
const LIMIT = 2;
const options = { capacity: 4, clientsPerPrefix: LIMIT, prefixBits6: 64 } as const;

function join(table: TunnelClientTable, id: number, at: Endpoint): number {
  const guard = table.enter();
  const slot = table.join(id, at, 1);
  guard.leave();
  return slot;
}

function rebind({ table, handle }: User, host: number): number {
  const guard = table.enter();
  const result = table.rebind(table.resolve(handle), endpoint(host), 1);
  guard.leave();
  return result;
}

/** Members are the clients, and each host's places that are free can be taken, one after the other. */
function audit(table: TunnelClientTable, hosts: readonly number[]): string | undefined {
  const clientsOf = (host: number): number =>
    table.snapshot(1).filter((client) => client.endpoint.a3 === host).length;
  for (const host of hosts) {
    const [clients, members] = [clientsOf(host), table.prefixClients(endpoint(host))];
    if (members !== clients) return `host ${host} has ${clients} clients and ${members} members`;
  }
  for (const host of hosts) {
    let id = 1_000 * host;
    while (clientsOf(host) < LIMIT) {
      const slot = join(table, ++id, endpoint(host));
      if (slot < 0) return `a free place of host ${host} is refused: ${slot}`;
    }
    if (join(table, ++id, endpoint(host)) >= 0) return `host ${host} has one client too many`;
    for (const { handle, endpoint: at } of table.snapshot(1)) if (at.a3 === host) table.remove(handle);
  }
  return table.size === 0 ? undefined : `${table.size} clients are left`;
}

/** Client 1 is the second of host 1, so that its member word is, too; client 3 is the first of host 2. */
function crowd(): TinyTable {
  const { table, handle } = tinyTable(options);
  table.remove(handle);
  const slots = [join(table, 2, endpoint(1)), join(table, 1, endpoint(1)), join(table, 3, endpoint(2))];
  const guard = table.enter();
  const second = table.handle(slots[1]!);
  guard.leave();
  return { table, handle: second };
}

export default [
  defineScenario({
    name: "prefix: the second client moves to another host, killed anywhere",
    touches,
    names,
    setup: crowd,
    threads: [thread("worker 1", attachUser, (user: User) => rebind(user, 2))],
    interruption: "kill",
    supervisor: repairs,
    check: ({ shared: { table } }) => audit(table, [1, 2]),
  }),

  defineScenario({
    name: "prefix: a second client joins, killed anywhere",
    touches,
    names,
    setup: crowd,
    threads: [thread("worker 1", attachUser, ({ table }: User) => join(table, 4, endpoint(2)))],
    interruption: "kill",
    supervisor: repairs,
    check: ({ shared: { table } }) => audit(table, [1, 2]),
  }),

  defineScenario({
    name: "prefix: the second client leaves, killed anywhere",
    touches,
    names,
    setup: crowd,
    threads: [thread("worker 1", attachUser, ({ table, handle }: User) => table.remove(handle))],
    interruption: "kill",
    supervisor: repairs,
    check: ({ shared: { table } }) => audit(table, [1, 2]),
  }),

  defineScenario({
    name: "prefix: one that died after its joins is repaired while their client moves: that is left alone",
    touches,
    names,
    setup: () => {
      const shared = tinyTable(options);
      const { table } = shared;
      join(table, 3, endpoint(2));
      // Client 2 joins at host 2 by a thread that dies then, and has moved to host 1 since.
      const victim = attachUser(shared);
      const slot = join(victim.table, 2, endpoint(2));
      const guard = table.enter();
      const handle = table.handle(slot);
      table.rebind(slot, endpoint(1), 1);
      guard.leave();
      for (const { id, index } of table.region.owners()) if (index >= 2) table.region.declareDead(id);
      return { table, handle };
    },
    threads: [
      thread("moving", attachUser, (user: User) => rebind(user, 2)),
      thread("repairing", attachUser, ({ table }: User) => {
        table.region.repairDead(memoryOf(table).owner);
      }),
    ],
    mode: { runs: 300, longRuns: 3_000, seed: 13, depth: 3 },
    check: ({ shared: { table } }) => audit(table, [1, 2]),
  }),

  defineScenario({
    name: "prefix: the last client leaves while another joins: it is open for the next one",
    touches,
    names,
    setup: () => tinyTable(options),
    threads: [
      thread("leaving", attachUser, ({ table, handle }: User) => table.remove(handle)),
      thread("joining", attachUser, ({ table }: User) => join(table, 2, endpoint(1))),
    ],
    mode: { runs: 300, longRuns: 3_000, seed: 14, depth: 3 },
    check: ({ shared: { table } }) => audit(table, [1]),
  }),
];
