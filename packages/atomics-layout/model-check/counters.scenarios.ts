import { defineScenario, namesOfRegion, thread } from "@udp-relay/model-check";
import type { NamedRange, RecordedCall, Scenario, SequentialModel } from "@udp-relay/model-check";
import { attachRegion, createRegion } from "@udp-relay/atomics-layout";
import type { Region, RegionHandle } from "@udp-relay/atomics-layout";
import { addToCounter, advanceCounter, readCounter, writeCounter } from "../src/field-counter.ts";

const plan = {
  name: "Counted",
  hash: 9,
  capacity: 1,
  owners: 1,
  sections: [{ name: "records", byteLength: 64 }],
  updates: [
    {
      name: "received",
      parameters: ["bytes", "tick"],
      steps: [
        { op: "advance32", byteOffset: 16, value: { parameter: "tick" } },
        { op: "add64", byteOffset: 0, value: { constant: 1 } },
        { op: "add64", byteOffset: 8, value: { parameter: "bytes" } },
      ],
    },
  ],
} as const;
const counterSource = "packages/atomics-layout/src/field-counter.ts";

interface Shared {
  readonly region: Region;
  readonly handle: RegionHandle;
}

interface Attached {
  readonly region: Region;
  /** Of the record: counts at +0 and +8, a tick at +16. */
  readonly byteOffset: number;
}

function setup(initial = 0): Shared {
  const region = createRegion(plan);
  writeCounter(region.ops, region.section("records").byteOffset, initial);
  return { region, handle: region.shared };
}

function names({ region }: Shared): NamedRange[] {
  const fields = {
    low: { byteOffset: 0 },
    crossings: { byteOffset: 4 },
    bytes: { byteOffset: 8 },
    tick: { byteOffset: 16 },
  };
  return namesOfRegion(region, { records: { byteLength: 64, fields } });
}

function attach({ handle }: Shared): Attached {
  const region = attachRegion(handle, plan);
  return { region, byteOffset: region.section("records").byteOffset };
}

/** A counter with one writer: a plain addition may be seen late, by a reader in the meantime as not yet made. */
function counterModel(initial: number): SequentialModel<number> {
  return {
    initial,
    apply: (count, { name, args }: RecordedCall) => {
      const amount = args[0] as number;
      if (name === "add") return [{ state: count + amount, result: undefined }];
      if (name === "write") return [{ state: amount, result: undefined }];
      return [{ state: count, result: count }];
    },
  };
}

/**
 * The single writer adds `amounts`, a reader reads twice. Plain stores are visible late, so what the reader must see is
 * not a linearizable object: every value must be one that the count has had, and none may be older than the last.
 */
function overlapBit(name: string, initial: number, amounts: readonly number[]): Scenario {
  const values = amounts.reduce((all, amount) => [...all, all.at(-1)! + amount], [initial]);
  return defineScenario({
    name,
    touches: [counterSource],
    setup: () => setup(initial),
    names,
    threads: [
      thread("writer", attach, ({ region, byteOffset }) => {
        for (const amount of amounts) advanceCounter(region.words, byteOffset >>> 2, amount);
      }),
      thread("reader", attach, ({ region, byteOffset }) => [
        readCounter(region.ops, byteOffset),
        readCounter(region.ops, byteOffset),
      ]),
    ],
    check: ({ results, shared }) => {
      const [first, second] = results.get("reader") as [number, number];
      if (!values.includes(first) || !values.includes(second)) return `read ${first}, then ${second}`;
      if (second < first) return `the count went back from ${first} to ${second}`;
      const end = readCounter(shared.region.ops, shared.region.section("records").byteOffset);
      return end === values.at(-1) ? undefined : `the count ended as ${end}, not ${values.at(-1)!}`;
    },
  });
}

const HALF = 2 ** 31;

export default [
  overlapBit("overlap bit: the first crossing of 2^31", HALF - 1, [1, 1]),
  overlapBit("overlap bit: the crossing of 2^32", 2 * HALF - 2, [1, 1, 1]),
  overlapBit("overlap bit: two crossings by the largest steps", HALF - 1, [HALF - 1, HALF - 1, HALF - 1]),

  defineScenario({
    name: "overlap bit: large and negative amounts are written at one instant",
    touches: [counterSource],
    setup: () => setup(2 * HALF - 1),
    names,
    threads: [
      thread("writer", attach, ({ region, byteOffset }, call) => {
        call("add", [-1], () => addToCounter(region.ops, region.words, byteOffset >>> 2, -1));
        call("add", [3 * HALF], () => addToCounter(region.ops, region.words, byteOffset >>> 2, 3 * HALF));
        call("write", [7], () => writeCounter(region.ops, byteOffset, 7));
      }),
      thread("reader", attach, ({ region, byteOffset }, call) => {
        call("read", [], () => readCounter(region.ops, byteOffset));
        call("read", [], () => readCounter(region.ops, byteOffset));
      }),
    ],
    model: counterModel(2 * HALF - 1),
  }),

  defineScenario({
    name: "64-bit additions of two threads across 2^32 lose nothing and never tear",
    touches: ["packages/atomics-layout/src/memory-model.ts"],
    setup: () => {
      const shared = setup();
      shared.region.ops.store64(shared.region.section("records").byteOffset, 2 ** 32 - 2);
      return shared;
    },
    names,
    threads: [
      ...["one", "two"].map((name) =>
        thread(name, attach, ({ region, byteOffset }: Attached, call) => {
          call("add", [1], () => void region.ops.add64(byteOffset, 1));
          call("add", [2], () => void region.ops.add64(byteOffset, 2));
        }),
      ),
      thread("reader", attach, ({ region, byteOffset }, call) => {
        call("read", [], () => region.ops.load64(byteOffset));
      }),
    ],
    model: counterModel(2 ** 32 - 2),
    check: ({ shared }, call) => {
      call("read", [], () => shared.region.ops.load64(shared.region.section("records").byteOffset));
      return undefined;
    },
  }),

  defineScenario({
    name: "a pair changes as one: casPair against casPair and a reader",
    touches: ["packages/atomics-layout/src/memory-model.ts"],
    setup: () => setup(),
    names,
    threads: [
      ...[1, 2].map((mark) =>
        thread(`writer ${mark}`, attach, ({ region: { ops }, byteOffset }: Attached) => {
          for (let attempt = 0; attempt < 3; attempt++) {
            const low = ops.loadPair(byteOffset);
            const high = ops.pairHigh();
            if (ops.casPair(byteOffset, low, high, low + mark, high + mark) === 1) return true;
            if (ops.pairLow() !== ops.pairHigh()) return false;
          }
          return false;
        }),
      ),
      thread(
        "reader",
        attach,
        ({ region: { ops }, byteOffset }) => ops.loadPair(byteOffset) === ops.pairHigh(),
      ),
    ],
    check: ({ results, shared: { region } }) => {
      if (results.get("reader") !== true) return "the reader saw half of a change";
      const low = region.ops.loadPair(region.section("records").byteOffset);
      const both = results.get("writer 1") === true && results.get("writer 2") === true;
      return both && low === 3 && region.ops.pairHigh() === 3
        ? undefined
        : `ended as ${low}, ${region.ops.pairHigh()}`;
    },
  }),

  defineScenario({
    name: "a compound update of two threads: totals exact, the tick never goes back",
    touches: ["packages/atomics-layout/src/memory-model.ts"],
    setup: () => setup(),
    names,
    threads: [
      ...[1, 2].map((thousands) =>
        thread(`receiver ${thousands}`, attach, ({ region, byteOffset }: Attached) => {
          region.ops.update.received!(byteOffset, thousands * 1_000, 10 * thousands);
        }),
      ),
      thread("reader", attach, ({ region, byteOffset }) => {
        const packets = region.ops.load64(byteOffset);
        const bytes = region.ops.load64(byteOffset + 8);
        return { packets, bytes };
      }),
    ],
    check: ({ results, shared: { region } }) => {
      const { byteOffset } = region.section("records");
      const { packets, bytes } = results.get("reader") as { packets: number; bytes: number };
      if (packets > 2 || ![0, 1_000, 2_000, 3_000].includes(bytes))
        return `read ${packets} packets, ${bytes} bytes`;
      const totals = [
        region.ops.load64(byteOffset),
        region.ops.load64(byteOffset + 8),
        region.ops.loadPair(byteOffset + 16),
      ];
      return totals.join() === "2,3000,20" ? undefined : `ended as ${totals.join()}`;
    },
  }),
] satisfies readonly Scenario[];
