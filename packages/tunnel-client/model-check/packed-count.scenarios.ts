import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { ScenarioOptions } from "@udp-relay/model-check";
import { COUNT, HALVES } from "../src/client-record.ts";
import { keepHalves, readCount } from "../src/packed-count.ts";
import { receiveLine } from "../src/table-memory.ts";
import {
  attachUser,
  memoryOf,
  names,
  receive,
  repairAfter,
  type TinyTable,
  tinyTable,
  type User,
} from "./tiny-table.ts";

const repairs = supervisor(attachUser, (user: User, _call, killed) => {
  repairAfter(user, killed);
});

/** What has come from the client so far. */
function received({ table, handle }: TinyTable | User): string {
  const memory = memoryOf(table);
  const count = { packets: 0, bytes: 0 };
  readCount(memory, receiveLine(memory, table.resolve(handle)), count);
  return `${count.packets} ${count.bytes}`;
}

/** One packet short of half of 24 bits, and 150 bytes of half of 40: the second datagram fills that. */
const halfFull: Pick<ScenarioOptions<TinyTable>, "touches" | "names" | "setup" | "check"> = {
  touches: ["packed-count", "client-record", "table-traffic"].map(
    (name) => `packages/tunnel-client/src/${name}.ts`,
  ),
  names,
  setup: () =>
    tinyTable({}, (table, slot) => {
      const memory = memoryOf(table);
      memory.ops.storePair((receiveLine(memory, slot) + COUNT) * 4, 0x6a7f_ffff, 0x7fff_ffff);
    }),
  check: ({ shared, results }) => {
    const at = (datagrams: number): string => `${2 ** 23 - 1 + datagrams} ${2 ** 39 - 150 + 100 * datagrams}`;
    const possible = [0, 1, 2].map(at);
    const outcomes = [...results.values()].flat().filter((outcome) => outcome !== undefined);
    const torn = outcomes.find((seen) => seen !== "received" && !possible.includes(seen as string));
    if (torn !== undefined) return `the reader saw ${JSON.stringify(torn)}`;
    const certain = outcomes.filter((outcome) => outcome === "received").length;
    const end = received(shared);
    if (!possible.slice(certain).includes(end)) return `${end} after ${certain} datagrams`;
    // Whoever was killed before it brought HALVES up to date: the next datagram of another tick does.
    receive(1)({ ...shared, shared: shared.table.shared });
    const [packets, bytes] = end.split(" ").map(Number) as [number, number];
    if (received(shared) !== `${packets + 1} ${bytes + 100}`) return `${received(shared)} after ${end}`;
    const memory = memoryOf(shared.table);
    const halves = [
      memory.ops.loadPair((receiveLine(memory, shared.table.resolve(shared.handle)) + HALVES) * 4),
      memory.ops.pairHigh(),
    ];
    const wanted = `1,${bytes + 100 < 2 ** 39 ? 0 : 1}`;
    return halves.join() === wanted ? undefined : `the halves are ${halves.join()}, not ${wanted}`;
  },
};

export default [
  defineScenario({
    ...halfFull,
    name: "two datagrams that fill half of a count, killed anywhere",
    threads: [thread("worker 1", attachUser, receive(0)), thread("worker 2", attachUser, receive(0))],
    interruption: "kill",
    interruptible: ["worker 1"],
    supervisor: repairs,
  }),

  defineScenario({
    ...halfFull,
    name: "two datagrams in a row that fill half of a count, and who reads",
    threads: [
      thread("worker 1", attachUser, (user: User) => [receive(0)(user), receive(0)(user)]),
      thread("worker 2", attachUser, (user: User) => received(user)),
    ],
  }),

  defineScenario({
    ...halfFull,
    name: "four datagrams at once that fill half of a count, killed anywhere, beside one",
    threads: [
      thread("worker 1", attachUser, ({ table, handle }: User) => {
        const guard = table.enter();
        const slot = table.resolve(handle);
        table.receivedBatch(new Int32Array(4).fill(slot), [25, 25, 25, 25], 4, 0);
        guard.leave();
        return "four";
      }),
      thread("worker 2", attachUser, receive(0)),
    ],
    interruption: "kill",
    interruptible: ["worker 1"],
    supervisor: repairs,
    check: ({ shared, results }) => {
      const at = (datagrams: number, bytes: number): string =>
        `${2 ** 23 - 1 + datagrams} ${2 ** 39 - 150 + bytes}`;
      const end = received(shared);
      const whole = end === at(5, 200);
      if (!whole && (results.get("worker 1") === "four" || end !== at(1, 100))) return end;
      receive(1)({ ...shared, shared: shared.table.shared });
      const wanted = whole ? at(6, 300) : at(2, 200);
      return received(shared) === wanted ? undefined : `${received(shared)} after ${end}`;
    },
  }),

  defineScenario({
    ...halfFull,
    name: "a slow datagram that fills half of a count, while others fill it twice more",
    threads: [
      thread("slow", attachUser, receive(0)),
      thread("quick", attachUser, (user: User) => {
        const memory = memoryOf(user.table);
        const line = receiveLine(memory, user.table.resolve(user.handle));
        receive(0)(user);
        for (let half = 0; half < 2; half++) {
          // So many empty datagrams at once.
          memory.ops.add64((line + COUNT) * 4, 2 ** 23);
          keepHalves(memory, line);
        }
      }),
    ],
    check: ({ shared }) => {
      const [packets, bytes] = [3 * 2 ** 23 + 1, 2 ** 39 + 50];
      if (received(shared) !== `${packets} ${bytes}`) return `${received(shared)} in the end`;
      receive(1)({ ...shared, shared: shared.table.shared });
      return received(shared) === `${packets + 1} ${bytes + 100}` ? undefined : `then ${received(shared)}`;
    },
  }),

  // Every interleaving of it takes 36 s: for the long form.
  defineScenario({
    ...halfFull,
    name: "two datagrams that fill half of a count, killed anywhere, and who reads",
    threads: [
      thread("worker 1", attachUser, receive(0)),
      thread("worker 2", attachUser, receive(0)),
      thread("worker 3", attachUser, (user: User) => received(user)),
    ],
    interruption: "kill",
    interruptible: ["worker 1"],
    supervisor: repairs,
    long: true,
  }),
];
