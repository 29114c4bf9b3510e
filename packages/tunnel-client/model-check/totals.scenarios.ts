import { load } from "@udp-relay/atomics-layout/memory";
import { defineScenario, thread } from "@udp-relay/model-check";
import { RESET, VERSION } from "../src/client-record.ts";
import { metricsOf } from "../src/table-memory.ts";
import { type ClientTotals, readTotals, resetTotals, startTick } from "../src/client-totals.ts";
import { attachUser, memoryOf, names, type TinyTable, tinyTable, type User } from "./tiny-table.ts";

const touches = ["client-totals", "client-record"].map((name) => `packages/tunnel-client/src/${name}.ts`);

const busyTable = (): TinyTable =>
  tinyTable({}, (table, slot) => {
    table.received(slot, 100, 0);
    table.sent(slot, 30, 0);
    table.sent(slot, 40, 0);
  });
const BEFORE = "1 100 2 70 0";

function totals({ table, handle }: User | TinyTable): string {
  const target: ClientTotals = {
    packetsReceived: 0,
    bytesReceived: 0,
    packetsSent: 0,
    bytesSent: 0,
    startTick: 0,
  };
  readTotals(memoryOf(table), table.resolve(handle), target);
  const { packetsReceived, bytesReceived, packetsSent, bytesSent } = target;
  return [packetsReceived, bytesReceived, packetsSent, bytesSent, target.startTick].join(" ");
}

const reset = ({ table, handle }: User, tick: number): boolean =>
  resetTotals(memoryOf(table), table.resolve(handle), tick);

const metric = ({ table, handle }: User | TinyTable, word: number): number => {
  const memory = memoryOf(table);
  return load(memory.words, metricsOf(memory, table.resolve(handle)) + word);
};

export default [
  defineScenario({
    name: "two resets in a row and a reader: all totals and the start, of one of the three moments",
    touches,
    names,
    setup: busyTable,
    threads: [
      thread("resetting", attachUser, (user: User) => [reset(user, 10), reset(user, 20)]),
      thread("reading", attachUser, totals),
    ],
    check: ({ shared, results }) => {
      if (String(results.get("resetting")) !== "true,true") return "a reset was refused by nobody";
      const seen = results.get("reading") as string;
      if (![BEFORE, "0 0 0 0 10", "0 0 0 0 20"].includes(seen)) return `the reader saw ${seen}`;
      return totals(shared) === "0 0 0 0 20" ? undefined : `in the end ${totals(shared)}`;
    },
  }),

  defineScenario({
    name: "a reset and who asks for the start: of before or after",
    touches,
    names,
    setup: busyTable,
    threads: [
      thread("resetting", attachUser, (user: User) => reset(user, 10)),
      thread("reading", attachUser, ({ table, handle }: User) => {
        const memory = memoryOf(table);
        const slot = table.resolve(handle);
        return [startTick(memory, slot), startTick(memory, slot)];
      }),
    ],
    check: ({ results }) => {
      const seen = String(results.get("reading"));
      return ["0,0", "0,10", "10,10"].includes(seen) ? undefined : `the reader saw ${seen}`;
    },
  }),

  defineScenario({
    name: "a reset that stands still anywhere refuses the next one, and what it has not published does not show",
    touches,
    names,
    setup: busyTable,
    threads: [
      thread("worker 1", attachUser, (user: User) => reset(user, 10)),
      thread("worker 2", attachUser, (user: User) => [
        metric(user, RESET) > 1,
        reset(user, 20),
        totals(user),
      ]),
    ],
    interruption: "stop",
    interruptible: ["worker 1"],
    check: ({ shared, results }) => {
      const [claimed, done, seen] = results.get("worker 2") as [boolean, boolean, string];
      const whole = ["0 0 0 0 10", "0 0 0 0 20", ...(done ? [] : [BEFORE])];
      if (!whole.includes(seen))
        return `worker 2 saw ${seen} after its reset was ${done ? "done" : "refused"}`;
      // Each reset that came to its end counts one version: the refused one, and one that was overrun, do not.
      const ended = metric(shared, VERSION);
      if (done && claimed && ended !== 2) return "a reset overran another one";
      if (done && results.get("worker 1") === false && ended !== 1) return "a refused reset has reset";
      return metric(shared, RESET) > 1 && done && results.get("worker 1") === true
        ? "it stays claimed"
        : undefined;
    },
  }),

  defineScenario({
    name: "two resets at once: one of them, or one after the other",
    touches,
    names,
    setup: busyTable,
    threads: [10, 20].map((tick, i) =>
      thread(`worker ${i + 1}`, attachUser, (user: User) => reset(user, tick)),
    ),
    check: ({ shared, results }) => {
      const done = [...results.values()].filter((result) => result === true).length;
      if (done === 0 || metric(shared, VERSION) !== done)
        return `${done} done, ${metric(shared, VERSION)} counted`;
      if (metric(shared, RESET) !== done % 2) return "the copies were not switched once for each";
      const ticks = ["worker 1", "worker 2"].flatMap((name, i) =>
        results.get(name) === true ? [10 + 10 * i] : [],
      );
      const end = totals(shared);
      return ticks.some((tick) => end === `0 0 0 0 ${tick}`) ? undefined : `in the end ${end}`;
    },
  }),
];
