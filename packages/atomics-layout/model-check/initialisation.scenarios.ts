import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { Scenario } from "@udp-relay/model-check";
import { allocate } from "@udp-relay/atomics-layout/memory";
import type { SharedMemory } from "@udp-relay/atomics-layout/memory";
import { attachRegion, createRegion, LayoutError } from "@udp-relay/atomics-layout";

const plan = {
  name: "F",
  hash: 11,
  capacity: 1,
  owners: 1,
  sections: [{ name: "r", byteLength: 64 }],
};
const touches = ["packages/atomics-layout/src/region-header.ts", "packages/atomics-layout/src/region.ts"];

const freshMemory = (): SharedMemory => allocate(65_536);
const names = (
  memory: SharedMemory,
): { memory: SharedMemory; name: string; byteOffset: number; byteLength: number; stride: number }[] => [
  { memory, name: "header", byteOffset: 0, byteLength: 512, stride: 4 },
];

/** Every thread brings other random keys; the region must end with one key for all. */
function create(memory: SharedMemory, seed: number): readonly number[] {
  for (let turn = 0; turn < seed; turn++) crypto.getRandomValues(new Int32Array(4));
  return createRegion(plan, { memory }).hashKeys;
}

function attachOrCode(memory: SharedMemory): readonly number[] | string {
  try {
    return attachRegion({ kind: "@udp-relay/atomics-layout", memory }, plan).hashKeys;
  } catch (error) {
    if (error instanceof LayoutError) return error.code;
    throw error;
  }
}

function oneKey(memory: SharedMemory, results: ReadonlyMap<string, unknown>): string | undefined {
  const { hashKeys } = attachRegion({ kind: "@udp-relay/atomics-layout", memory }, plan);
  if (hashKeys.includes(0)) return `a word of the key is not set: ${hashKeys.join()}`;
  const expected = String(hashKeys);
  for (const [name, keys] of results) {
    if (typeof keys !== "string" && String(keys) !== expected)
      return `${name} has the keys ${String(keys)}, not ${expected}`;
  }
  return undefined;
}

export default [
  defineScenario({
    name: "two threads initialise one region: one header, one key",
    touches,
    setup: freshMemory,
    names,
    threads: [1, 2].map((seed) =>
      thread(
        `creator ${seed}`,
        (memory: SharedMemory) => memory,
        (memory) => create(memory, seed),
      ),
    ),
    check: ({ shared, results }) => oneKey(shared, results),
  }),

  defineScenario({
    name: "attaching while it is initialised: not ready, or right",
    touches,
    setup: freshMemory,
    names,
    threads: [
      thread(
        "creator",
        (memory: SharedMemory) => memory,
        (memory) => create(memory, 1),
      ),
      thread(
        "attacher",
        (memory: SharedMemory) => memory,
        (memory) => attachOrCode(memory),
      ),
    ],
    check: ({ shared, results }) => {
      const found = results.get("attacher");
      if (typeof found === "string" && found !== "ERR_REGION_NOT_READY") return `refused with ${found}`;
      return oneKey(shared, results);
    },
  }),

  defineScenario({
    name: "two different plans race: one wins, the other is refused",
    touches,
    setup: freshMemory,
    names,
    threads: ["F", "O"].map((name) =>
      thread(
        name,
        (memory: SharedMemory) => memory,
        (memory) => {
          try {
            return createRegion({ ...plan, name }, { memory }).name;
          } catch (error) {
            if (error instanceof LayoutError) return error.code;
            throw error;
          }
        },
      ),
    ),
    check: ({ results }) => {
      const outcomes = [...results.values()].sort().join();
      return ["ERR_REGION_LAYOUT,F", "ERR_REGION_LAYOUT,O"].includes(outcomes) ? undefined : outcomes;
    },
  }),

  defineScenario({
    name: "an initialiser is killed at any step: the next one completes the header",
    touches,
    setup: freshMemory,
    names,
    threads: [
      thread(
        "creator",
        (memory: SharedMemory) => memory,
        (memory) => create(memory, 1),
      ),
    ],
    interruption: "kill",
    supervisor: supervisor(
      (memory: SharedMemory) => memory,
      (memory) => create(memory, 2),
    ),
    check: ({ shared, results }) => oneKey(shared, results),
  }),

  defineScenario({
    name: "two initialise, one is killed at any step: the other one completes the header",
    touches,
    long: true,
    setup: freshMemory,
    names,
    threads: [
      thread(
        "creator 1",
        (memory: SharedMemory) => memory,
        (memory) => create(memory, 1),
      ),
      thread(
        "creator 2",
        (memory: SharedMemory) => memory,
        (memory) => create(memory, 2),
      ),
    ],
    interruption: "kill",
    interruptible: ["creator 1"],
    supervisor: supervisor(
      (memory: SharedMemory) => memory,
      (memory) => attachOrCode(memory),
    ),
    check: ({ shared, results }) => {
      const found = results.get("supervisor");
      if (typeof found === "string" && found !== "ERR_REGION_NOT_READY") return `refused with ${found}`;
      return oneKey(shared, results);
    },
  }),
] satisfies readonly Scenario[];
