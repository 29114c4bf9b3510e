import { type Endpoint, endpointFromWords } from "@udp-relay/address-validation";
import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { ScenarioOptions } from "@udp-relay/model-check";
import { JOIN_BUSY } from "../src/index.ts";
import {
  attachUser,
  endpoint,
  names,
  repairAfter,
  type TinyTable,
  tinyTable,
  type User,
} from "./tiny-table.ts";

const touches = ["endpoint-copies", "client-record", "table-writers"].map(
  (name) => `packages/tunnel-client/src/${name}.ts`,
);

const repairs = supervisor(attachUser, (user: User, _call, killed) => {
  repairAfter(user, killed);
});

/** Whoever died in it: the client has one endpoint, and can be rebound. */
function rebound(
  { table, handle }: TinyTable,
  outcomes: readonly unknown[],
  interrupted: string | undefined,
): string | undefined {
  for (const outcome of outcomes) {
    if (outcome !== undefined && outcome !== "0" && outcome !== `${JOIN_BUSY}`)
      return `rebind answered ${JSON.stringify(outcome)}`;
  }
  if (interrupted === undefined && !outcomes.includes("0")) return "nobody rebound";
  const now = table.snapshotOf(handle, 1)!.endpoint;
  if (!isWhole(now)) return `torn at the end: ${JSON.stringify(now)}`;
  // At once, or once the copy has rested.
  const guard = table.enter();
  const slot = table.resolve(handle);
  let result = table.rebind(slot, wide(4), 2);
  guard.leave();
  if (result === JOIN_BUSY) result = table.rebind(slot, wide(4), 2);
  return result === 0 ? undefined : `nobody can rebind it any more (${result})`;
}

/** An endpoint of which no two words are alike, and none is zero. */
const wide = (host: number): Endpoint =>
  endpointFromWords(0xfe80_0000 | host, host + 10, host + 20, host, 1_000 + host, host + 30);

/** Whether all of its words are of one endpoint: of the first one, or of one that the client was rebound to. */
function isWhole(found: Endpoint): boolean {
  return [endpoint(1), wide(2), wide(3), wide(4)].some((one) =>
    (["a0", "a1", "a2", "a3", "port", "zone"] as const).every((word) => one[word] === found[word]),
  );
}

/** Rebinds the client, and looks, in one guard. */
const rebind =
  (host: number) =>
  ({ table, handle }: TinyTable): string => {
    const guard = table.enter();
    const slot = table.resolve(handle);
    const result = table.rebind(slot, wide(host), 1);
    const found = table.endpoint(slot);
    guard.leave();
    return isWhole(found) ? `${result}` : `torn: ${JSON.stringify(found)}`;
  };

const rebindings: ScenarioOptions<TinyTable> = {
  name: "rebind against rebind",
  touches,
  names,
  setup: () => tinyTable(),
  threads: [2, 3].map((host, i) => thread(`worker ${i + 1}`, attachUser, rebind(host))),
  interruption: "kill",
  supervisor: repairs,
  check: ({ shared, results, interrupted }) => rebound(shared, [...results.values()], interrupted),
};

export default [
  defineScenario({
    ...rebindings,
    name: "rebind against rebind, and who reads",
    interruption: "none",
  }),

  defineScenario({
    ...rebindings,
    name: "two rebind, killed anywhere, and a third thread reads in one guard",
    threads: [
      ...rebindings.threads,
      thread("worker 3", attachUser, ({ table, handle }: User) => {
        const guard = table.enter();
        const slot = table.resolve(handle);
        const found = [table.endpoint(slot), table.endpoint(slot)].find((each) => !isWhole(each));
        guard.leave();
        return found === undefined ? "0" : `torn: ${JSON.stringify(found)}`;
      }),
    ],
    interruptible: ["worker 1"],
    mode: { runs: 300, longRuns: 5_000, seed: 16, depth: 4 },
  }),

  defineScenario({
    name: "two rebindings in a row, each in a guard of its own, and who reads in one guard",
    touches,
    names,
    setup: () => tinyTable(),
    threads: [
      thread("rebinding", attachUser, ({ table, handle }: User) =>
        [2, 3].map((host) => {
          const guard = table.enter();
          const result = table.rebind(table.resolve(handle), wide(host), 1);
          guard.leave();
          return result;
        }),
      ),
      thread("reading", attachUser, ({ table, handle }: User) => {
        const guard = table.enter();
        const found = table.endpoint(table.resolve(handle));
        guard.leave();
        return isWhole(found) ? "whole" : `torn: ${JSON.stringify(found)}`;
      }),
    ],
    check: ({ results }) => {
      const [first, second] = results.get("rebinding") as [number, number];
      if (first !== 0 || (second !== 0 && second !== JOIN_BUSY)) return `rebind answered ${first}, ${second}`;
      const seen = String(results.get("reading"));
      return seen === "whole" ? undefined : seen;
    },
  }),

  defineScenario({
    ...rebindings,
    name: "a thread dies anywhere while it rebinds: the client can be rebound",
    threads: [thread("worker 1", attachUser, rebind(2))],
    check: ({ shared, results, interrupted }) =>
      interrupted === undefined && rebind(3)(shared) !== "0"
        ? "it is busy, though no guard of before is left"
        : rebound(shared, [...results.values()], interrupted),
  }),

  defineScenario({
    ...rebindings,
    name: "a thread dies anywhere while it rebinds, and who repairs rebinds at once, while another reads",
    threads: [
      thread("worker 1", attachUser, rebind(2)),
      thread("worker 2", attachUser, ({ table, handle }: User) => {
        const guard = table.enter();
        const found = table.endpoint(table.resolve(handle));
        guard.leave();
        return isWhole(found) ? "0" : `torn: ${JSON.stringify(found)}`;
      }),
    ],
    interruptible: ["worker 1"],
    supervisor: supervisor(attachUser, (user: User, _call, killed) => {
      repairAfter(user, killed);
      rebind(3)(user);
    }),
  }),

  // Every interleaving of it takes 25 s: for the long form.
  defineScenario({
    ...rebindings,
    name: "rebind against rebind, killed anywhere, and who reads",
    mode: { runs: 300, longRuns: 800, seed: 15, depth: 4 },
  }),

  defineScenario({
    ...rebindings,
    name: "rebind against rebind, killed anywhere, and who reads, every interleaving",
    long: true,
  }),
];
