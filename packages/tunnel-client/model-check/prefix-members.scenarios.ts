import { defineScenario, thread } from "@udp-relay/model-check";
import { JOIN_BUSY, JOIN_PREFIX_FULL } from "../src/index.ts";
import type { PrefixLimit } from "../src/prefix-limit.ts";
import { attachUser, endpoint, names, type TinyTable, tinyTable } from "./tiny-table.ts";

const touches = ["packages/tunnel-client/src/prefix-limit.ts"];

/** What a thread needs to enter and take out members by itself. */
interface Prefixes {
  readonly prefixes: PrefixLimit;
  /** Of a slot's client, living or next. */
  generation(slot: number): number;
}

const prefixesOf = ({ table }: TinyTable): Prefixes => table as unknown as Prefixes;
const attach = (shared: TinyTable): Prefixes => prefixesOf(attachUser(shared));

/** Client 1 lives in host 1's prefix, which has another place. Nobody is in slots 1 and 2. */
const setup = (): TinyTable => tinyTable({ capacity: 3, clientsPerPrefix: 2, prefixBits6: 64 });

const enter = (slot: number) => (table: Prefixes) =>
  table.prefixes.enter(slot, table.generation(slot) + 1, endpoint(1));

export default [
  defineScenario<TinyTable>({
    name: "prefix members: two enter where one place is left: one of them has it",
    touches,
    names,
    setup,
    threads: [1, 2].map((slot) => thread(`slot ${slot}`, attach, enter(slot))),
    check: ({ shared, results }) => {
      const outcomes = [...results.values()].sort().join();
      if (outcomes !== [JOIN_PREFIX_FULL, 0].sort().join()) return `they were answered ${outcomes}`;
      const members = prefixesOf(shared).prefixes.count(endpoint(1));
      return members === 2 ? undefined : `the prefix has ${members} members`;
    },
  }),

  defineScenario<TinyTable>({
    name: "prefix members: the last leaves while another enters: that one is a member, or was told that it is not",
    touches,
    names,
    setup,
    threads: [
      thread("leaving", attach, (table: Prefixes) => {
        table.prefixes.leave(0, table.generation(0), endpoint(1));
      }),
      thread("entering", attach, enter(1)),
    ],
    check: ({ shared, results }) => {
      const members = prefixesOf(shared).prefixes.count(endpoint(1));
      const entered = results.get("entering");
      if (entered !== 0 && entered !== JOIN_BUSY) return `it was answered ${String(entered)}`;
      return members === (entered === 0 ? 1 : 0) ? undefined : `${members} members after ${entered}`;
    },
  }),
];
