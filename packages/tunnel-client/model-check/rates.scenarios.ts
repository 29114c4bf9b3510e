import { peek } from "@udp-relay/atomics-layout/memory";
import { defineScenario, thread } from "@udp-relay/model-check";
import { CLAIM, RATE } from "../src/client-record.ts";
import { foldRate, rateAt, resetRate } from "../src/rate-estimator.ts";
import { receiveLine } from "../src/table-memory.ts";
import {
  attachUser,
  memoryOf,
  names,
  receive,
  TIME_CONSTANT_MS,
  type TinyTable,
  tinyTable,
  type User,
} from "./tiny-table.ts";

const touches = ["packages/tunnel-client/src/rate-estimator.ts"];

/** The rate of so many bytes that arrive at once. */
const rateOf = (bytes: number): number => (bytes * 1_000) / TIME_CONSTANT_MS;

const lineOf = ({ table, handle }: TinyTable | User): number =>
  receiveLine(memoryOf(table), table.resolve(handle));

const rate = (user: TinyTable | User, tick: number): number =>
  rateAt(memoryOf(user.table), lineOf(user), tick);

const fold = (user: User, tick: number): void => {
  foldRate(memoryOf(user.table), lineOf(user), tick, 0);
};

const reset = (user: User, tick: number): void => {
  resetRate(memoryOf(user.table), lineOf(user), tick);
};

/** Beyond what a late thread explains. */
const FUTURE = 5_000;

/** 100 bytes were folded in the future, and many came after them. */
const ahead = (): TinyTable =>
  tinyTable({}, (table, slot) => {
    table.received(slot, 100, FUTURE);
    table.received(slot, 900_000, FUTURE);
  });

export default [
  defineScenario({
    name: "rate: a fold of the future is set right while the rate is reset: nothing of before is in it",
    touches,
    names,
    setup: ahead,
    threads: [
      thread("resetting", attachUser, (user: User) => reset(user, 10)),
      thread("mending", attachUser, (user: User) => fold(user, 10)),
    ],
    check: ({ shared }) => (rate(shared, 10) === 0 ? undefined : `${rate(shared, 10)} bytes a second`),
  }),

  defineScenario({
    name: "rate: after a fold of the future was set right it moves on",
    touches,
    names,
    setup: () => tinyTable({}, (table, slot) => table.received(slot, 100, FUTURE)),
    threads: [
      thread("mending", attachUser, (user: User) => {
        fold(user, 10);
        // Counted only: to the record this is the tick of its last datagram.
        receive(FUTURE)(user);
        fold(user, 20);
        return rate(user, 20);
      }),
    ],
    // What is left of 100 bytes after 10 ms, and 100 of the interval since.
    check: ({ results }) => {
      const found = results.get("mending") as number;
      return found > rateOf(130) && found < rateOf(200) ? undefined : `${found} bytes a second`;
    },
  }),

  defineScenario({
    name: "rate: read beside a fold it is of before or after it",
    touches,
    names,
    setup: () => tinyTable({}, (table, slot) => table.received(slot, 100_000, 1)),
    threads: [
      thread("folding", attachUser, (user: User) => fold(user, 10)),
      thread("reading", attachUser, (user: User) => rate(user, 10)),
    ],
    check: ({ results }) => {
      const found = results.get("reading") as number;
      return found <= rateOf(100_000) ? undefined : `${found} bytes a second that never flowed`;
    },
  }),

  defineScenario({
    name: "rate: reset in the tick of the last fold, beside a datagram: that is counted once",
    touches,
    names,
    setup: () => tinyTable({}, (table, slot) => table.received(slot, 100, 10)),
    threads: [
      thread("resetting", attachUser, (user: User) => reset(user, 10)),
      thread("receiving", attachUser, receive(12)),
    ],
    check: ({ shared }) =>
      rate(shared, 12) <= rateOf(100) ? undefined : `${rate(shared, 12)} bytes a second of 100 bytes`,
  }),

  defineScenario({
    name: "rate: two folds at once, the later interval is never lost",
    touches,
    names,
    setup: () => tinyTable(),
    threads: [thread("slow", attachUser, receive(10)), thread("late", attachUser, receive(20))],
    check: ({ shared }) => {
      const { words } = memoryOf(shared.table);
      const line = lineOf(shared);
      const [claimed, folded] = [peek(words, line + CLAIM), peek(words, line + RATE + 1)];
      return claimed === folded ? undefined : `claimed up to ${claimed}, folded up to ${folded}`;
    },
  }),
];
