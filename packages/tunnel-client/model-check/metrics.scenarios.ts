import { defineScenario, thread } from "@udp-relay/model-check";
import { priorityScore } from "../src/index.ts";
import { attachUser, names, TIME_CONSTANT_MS, type TinyTable, tinyTable, type User } from "./tiny-table.ts";

const touches = ["packages/tunnel-client/src/client-metrics.ts"];

/** Rates of such a table are 0 at that tick. */
const LATER = 64 * TIME_CONSTANT_MS;

const priority = ({ table, handle }: Pick<User | TinyTable, "table" | "handle">): number => {
  const guard = table.enter();
  const score = table.priority(table.resolve(handle), LATER);
  guard.leave();
  return score;
};

const scoreOf = (latencyMs: number): number =>
  priorityScore({ bytesPerSecond: 0, latencyMs, lossPerMille: 0, ageMs: LATER });

export default [
  defineScenario({
    name: "a measurement and who asks for the score: of before or after, and never the old one for good",
    touches,
    names,
    setup: () => tinyTable({}, (table, slot) => table.setLatency(slot, 10)),
    threads: [
      thread("measuring", attachUser, ({ table, handle }: User) => {
        const guard = table.enter();
        table.setLatency(table.resolve(handle), 400);
        guard.leave();
        return priority({ table, handle });
      }),
      thread("asking", attachUser, (user: User) => [priority(user), priority(user)]),
    ],
    check: ({ shared, results }) => {
      const [before, after] = [scoreOf(10), scoreOf(400)];
      if (results.get("measuring") !== after) return `who measured sees ${String(results.get("measuring"))}`;
      const asked = String(results.get("asking"));
      const possible = [
        [before, before],
        [before, after],
        [after, after],
      ].map(String);
      if (!possible.includes(asked)) return `who asked saw ${asked}`;
      const end = priority(shared);
      return end === after ? undefined : `in the end ${end}, not ${after}`;
    },
  }),

  defineScenario({
    name: "a score holds until an input changes: two threads that ask compute it twice at most, and once more after a change",
    touches,
    names,
    setup: () => tinyTable({}, (table, slot) => table.setLatency(slot, 10)),
    threads: ["one", "two"].map((name) =>
      thread(name, attachUser, (user: User) => {
        const scores = [priority(user), priority(user)];
        return [...scores, user.table.stats().priorityRecomputes];
      }),
    ),
    check: ({ results }) => {
      for (const [first, second, recomputes] of results.values() as Iterable<number[]>) {
        if (first !== scoreOf(10) || second !== first) return `scores ${first}, ${second}`;
        if (recomputes! > 1) return `computed ${recomputes} times by one thread`;
      }
      return undefined;
    },
  }),
];
