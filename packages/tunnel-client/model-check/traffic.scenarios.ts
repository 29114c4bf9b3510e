import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import {
  attachUser,
  endpoint,
  names,
  receive,
  repairAfter,
  TIME_CONSTANT_MS,
  type TinyTable,
  tinyTable,
  type User,
} from "./tiny-table.ts";

const touches = [
  "rate-estimator",
  "client-totals",
  "client-metrics",
  "client-record",
  "table-traffic",
  "table-writers",
].map((name) => `packages/tunnel-client/src/${name}.ts`);

const repairs = supervisor(attachUser, (user: User, _call, killed) => {
  repairAfter(user, killed);
});

/** The rate of so many bytes that arrive at once. */
const rateOf = (bytes: number): number => (bytes * 1_000) / TIME_CONSTANT_MS;

const snapshotAt = ({ table, handle }: TinyTable | User, tick: number) => table.snapshotOf(handle, tick)!;

/** Two datagrams each of clients 1 and 2, or four of client 1: as one batch. */
const receiveBatch =
  (ofOne: boolean) =>
  ({ table, handle }: User): string => {
    const guard = table.enter();
    const first = table.resolve(handle);
    const other = ofOne ? first : table.find(2);
    table.receivedBatch(Int32Array.of(first, other, first, other), [120, 10, 130, 10], 4, 1);
    guard.leave();
    return "batch";
  };

/** Clients 1 and 2. */
const twoClients = (): TinyTable => tinyTable({}, (table) => table.join(2, endpoint(2), 0));

/** What came from the client: none of it twice, all of it if its receiver lived. */
function counted(table: TinyTable["table"], handle: number, possible: readonly string[]): string | undefined {
  const { packetsReceived, bytesReceived } = table.snapshotOf(handle, 1)!;
  const found = `${packetsReceived} ${bytesReceived}`;
  return possible.includes(found) ? undefined : `${found} of ${possible.join(", ")}`;
}

export default [
  defineScenario({
    name: "a batch of two clients, killed anywhere, against a datagram of one",
    touches,
    names,
    setup: twoClients,
    threads: [
      thread("worker 1", attachUser, receiveBatch(false)),
      thread("worker 2", attachUser, receive(1)),
    ],
    interruption: "kill",
    interruptible: ["worker 1"],
    supervisor: repairs,
    check: ({ shared: { table, handle }, results }) => {
      const whole = results.get("worker 1") === "batch";
      const guard = table.enter();
      const other = table.handle(table.find(2));
      guard.leave();
      return (
        counted(table, handle, whole ? ["3 350"] : ["1 100", "2 220", "3 350"]) ??
        counted(table, other, whole ? ["2 20"] : ["0 0", "1 10", "2 20"])
      );
    },
  }),

  defineScenario({
    name: "four datagrams of one client at once, killed anywhere, against another and a reader",
    touches,
    names,
    setup: () => tinyTable(),
    threads: [
      thread("worker 1", attachUser, receiveBatch(true)),
      thread("worker 2", attachUser, receive(1)),
      thread("worker 3", attachUser, (user: User) =>
        counted(user.table, user.handle, ["0 0", "1 100", "4 270", "5 370"]),
      ),
    ],
    interruption: "kill",
    interruptible: ["worker 1"],
    supervisor: repairs,
    mode: { runs: 300, longRuns: 5_000, seed: 17, depth: 4 },
    check: ({ shared: { table, handle }, results }) => {
      const seen = results.get("worker 3");
      if (seen !== undefined) return `the reader saw ${JSON.stringify(seen)}`;
      return counted(table, handle, results.get("worker 1") === "batch" ? ["5 370"] : ["1 100", "5 370"]);
    },
  }),

  defineScenario({
    name: "two folds of one interval, killed anywhere",
    touches,
    names,
    setup: () => tinyTable(),
    threads: [thread("worker 1", attachUser, receive(10)), thread("worker 2", attachUser, receive(10))],
    interruption: "kill",
    supervisor: repairs,
    check: ({ shared, results }) => {
      const { packetsReceived, bytesReceived, bytesPerSecondIn } = snapshotAt(shared, 10);
      const certain = [...results.values()].filter((result) => result === "received").length;
      if (packetsReceived < certain || packetsReceived > 2) return `${packetsReceived} packets`;
      if (bytesReceived < certain * 100 || bytesReceived > 200) return `${bytesReceived} bytes`;
      // Nothing is folded twice; what a killed folder had claimed may be missing.
      if (bytesPerSecondIn > rateOf(bytesReceived))
        return `${bytesPerSecondIn} bytes a second of ${bytesReceived}`;
      if (certain === 2 && bytesPerSecondIn < rateOf(200) * 0.85)
        return `only ${bytesPerSecondIn} bytes a second`;
      return undefined;
    },
  }),

  defineScenario({
    name: "folds of two intervals, one of them slow",
    touches,
    names,
    setup: () => tinyTable(),
    threads: [thread("worker 1", attachUser, receive(10)), thread("worker 2", attachUser, receive(20))],
    check: ({ shared }) => {
      const { bytesReceived, bytesPerSecondIn } = snapshotAt(shared, 20);
      if (bytesReceived !== 200) return `${bytesReceived} bytes`;
      // A folder that is overtaken loses its interval, which may hold all the bytes; nothing is folded twice.
      return bytesPerSecondIn > rateOf(200) ? `${bytesPerSecondIn} bytes a second` : undefined;
    },
  }),

  defineScenario({
    name: "reset against a datagram, killed anywhere",
    touches,
    names,
    setup: () =>
      tinyTable({}, (table, slot) => {
        for (let tick = 1; tick <= 9; tick++) table.received(slot, 100_000, tick);
      }),
    threads: [
      thread("worker 1", attachUser, ({ table, handle }: User) => {
        const guard = table.enter();
        const done = table.resetStats(table.resolve(handle), 10);
        guard.leave();
        return done ? "reset" : "refused";
      }),
      thread("worker 2", attachUser, receive(10)),
    ],
    interruption: "kill",
    supervisor: repairs,
    check: ({ shared, results, interrupted }) => {
      const { packetsReceived, bytesReceived, bytesPerSecondIn } = snapshotAt(shared, 10);
      if (packetsReceived < 0 || bytesReceived < 0) return "less than nothing";
      if (results.get("worker 1") === "reset") {
        if (packetsReceived > 1) return `${packetsReceived} packets after a reset`;
        if (bytesPerSecondIn > rateOf(100)) return `${bytesPerSecondIn} bytes a second that never flowed`;
      } else if (interrupted !== "worker 1") return "the reset was refused by nobody";
      if (bytesPerSecondIn > rateOf(900_100)) return `${bytesPerSecondIn} bytes a second that never flowed`;
      return undefined;
    },
  }),

  defineScenario({
    name: "reset against reset and a reader",
    touches,
    names,
    setup: () => tinyTable({}, (table, slot) => table.received(slot, 100_000, 1)),
    threads: [
      thread("worker 1", attachUser, ({ table, handle }: User) =>
        table.resetStats(table.resolve(handle), 10),
      ),
      thread("worker 2", attachUser, (user: User) => {
        const { packetsReceived, bytesReceived } = snapshotAt(user, 10);
        return `${packetsReceived} ${bytesReceived}`;
      }),
    ],
    interruption: "kill",
    interruptible: ["worker 1"],
    check: ({ results }) => {
      const seen = results.get("worker 2");
      return seen === undefined || seen === "1 100000" || seen === "0 0"
        ? undefined
        : `the reader saw ${JSON.stringify(seen)}`;
    },
  }),
];
