import {
  createRegion,
  attachRegion,
  type Owner,
  type Region,
  type RegionPlan,
} from "@udp-relay/atomics-layout";
import { load, peek, poke, store } from "@udp-relay/atomics-layout/memory";
import { defineScenario, namesOfRegion, type Outcome, supervisor, thread } from "@udp-relay/model-check";
import { LOCK, SKIPPED, TAKEOVERS, VERSION } from "../src/record-layout.ts";
import { copyRecord, Entered, enterRecord, isAbandoned, leaveRecord } from "../src/shared-record.ts";
import type { RecordRegion } from "../src/shared-record.ts";

/*
 * The protocol alone, around the smallest record that can be caught out: two words that every writing raises by one.
 * A copy in which they differ was torn; at the end each of them is the number of writings.
 */
const FIRST = TAKEOVERS + 1;
const SECOND = FIRST + 1;
const RECORD_WORDS = 16;
const plan: RegionPlan = {
  name: "quality scenario",
  hash: 15,
  capacity: 1,
  owners: 4,
  sections: [{ name: "quality", byteLength: RECORD_WORDS * 4 }],
};

interface Shared {
  readonly region: Region;
  readonly base: number;
}

interface Local extends Shared {
  readonly owner: Owner;
}

function setup(): Shared {
  const region = createRegion(plan);
  return { region, base: region.section("quality").byteOffset / 4 };
}

function attach({ region: { shared: handle }, base }: Shared): Local {
  const region = attachRegion(handle, plan);
  return { region, owner: region.claimOwner(), base };
}

function names({ region }: Shared): ReturnType<typeof namesOfRegion> {
  const fields = {
    lock: { byteOffset: LOCK * 4 },
    version: { byteOffset: VERSION * 4 },
    skipped: { byteOffset: SKIPPED * 4 },
    takeovers: { byteOffset: TAKEOVERS * 4 },
    first: { byteOffset: FIRST * 4 },
    second: { byteOffset: SECOND * 4 },
  };
  return namesOfRegion(region, { quality: { byteLength: RECORD_WORDS * 4, fields } });
}

/** One writing, as an estimator does it: plain stores between taking the lock and giving it back. */
function write({ region, owner, base }: Local): Entered {
  const entered = enterRecord(region, base, owner.id);
  if (entered === Entered.busy) return entered;
  if (entered === Entered.takenOver) {
    poke(region.words, base + FIRST, 0);
    poke(region.words, base + SECOND, 0);
  }
  poke(region.words, base + FIRST, peek(region.words, base + FIRST) + 1);
  poke(region.words, base + SECOND, peek(region.words, base + SECOND) + 1);
  leaveRecord(region, base);
  return entered;
}

/** What one try of a reader sees: the two words, or nothing. */
function read({ region, base }: Local, attempts = 1): readonly [number, number] | undefined {
  const copy = new Int32Array(SECOND + 1);
  return copyRecord(region, base, copy, attempts) ? [copy[FIRST]!, copy[SECOND]!] : undefined;
}

/** `copyRecord` as it must not be: LOCK is looked at before and after, but not VERSION. */
function readWithoutVersion({ region, base }: Local): readonly [number, number] | undefined {
  if (load(region.words, base + LOCK) !== 0) return undefined;
  const first = peek(region.words, base + FIRST);
  const second = peek(region.words, base + SECOND);
  region.ops.fence();
  return load(region.words, base + LOCK) === 0 ? [first, second] : undefined;
}

function torn(seen: readonly [number, number] | undefined): string | undefined {
  return seen !== undefined && seen[0] !== seen[1] ? `torn: ${seen.join(" and ")}` : undefined;
}

/** Learns of the death of the first owner, the writer, then writes and reads. */
const successor = supervisor(
  (shared: Shared) => ({ ...attach(shared), dead: shared.region.owners()[0]!.id }),
  (local) => {
    local.region.declareDead(local.dead);
    return [write(local), read(local)];
  },
);

function judgeKill({ shared: { region, base }, results, interrupted }: Outcome<Shared>): string | undefined {
  const succeeded = results.get("supervisor") as
    readonly [Entered, readonly [number, number] | undefined] | undefined;
  if (interrupted !== undefined && succeeded === undefined) return "the supervisor did not run";
  if (peek(region.words, base + LOCK) !== 0) return "the lock is still held";
  if (peek(region.words, base + FIRST) !== peek(region.words, base + SECOND))
    return "half a writing was left";
  const entered = [results.get("writer"), results.get("other"), succeeded?.[0]];
  const takeovers = entered.filter((outcome) => outcome === Entered.takenOver).length;
  if (peek(region.words, base + TAKEOVERS) !== takeovers) return "a takeover was not counted";
  if (interrupted === undefined && takeovers > 0) return "a lock of the living was taken over";
  return torn(results.get("reader") as readonly [number, number] | undefined) ?? torn(succeeded?.[1]);
}

const touches = ["packages/quality-analyzer/src/shared-record.ts"];

export default [
  defineScenario({
    name: "two writers, a reader: nothing torn, every sample counted or skipped",
    touches,
    setup,
    names,
    threads: [
      thread("one", attach, (local) => [write(local), write(local)]),
      thread("other", attach, (local) => [write(local)]),
      thread("reader", attach, (local) => read(local)),
    ],
    check: ({ shared: { region, base }, results }) => {
      const entered = [...(results.get("one") as Entered[]), ...(results.get("other") as Entered[])];
      const written = entered.filter((outcome) => outcome === Entered.free).length;
      const skipped = entered.filter((outcome) => outcome === Entered.busy).length;
      if (written + skipped !== 3) return "a lock of the living was taken over";
      if (peek(region.words, base + FIRST) !== written) return "a writing was lost";
      if (peek(region.words, base + SECOND) !== written) return "a writing was lost";
      if (peek(region.words, base + SKIPPED) !== skipped) return "a skipped sample was not counted";
      if (peek(region.words, base + LOCK) !== 0) return "the lock is still held";
      return torn(results.get("reader") as [number, number] | undefined);
    },
  }),
  defineScenario({
    name: "two readings while one thread writes twice: each of one moment, the second no older",
    touches,
    setup,
    names,
    threads: [
      thread("writer", attach, (local) => [write(local), write(local)]),
      thread("reader", attach, (local) => [read(local), read(local)]),
    ],
    check: ({ results }) => {
      const [before, after] = results.get("reader") as [number, number][];
      if (before && after && after[0] < before[0]) return "the second reading is older than the first";
      return torn(before) ?? torn(after);
    },
  }),
  defineScenario({
    name: "a reader that tries again",
    touches,
    setup,
    names,
    threads: [
      thread("writer", attach, (local) => write(local)),
      thread("reader", attach, (local) => read(local, 2)),
    ],
    check: ({ results }) => torn(results.get("reader") as [number, number] | undefined),
  }),
  defineScenario({
    name: "a reader whose first try meets a writing has the record with its second",
    touches,
    setup,
    names,
    threads: [
      thread("reader and writer", attach, (local) => {
        const { region, base } = local;
        let tries = 0;
        const disturbed: RecordRegion = {
          words: region.words,
          isOwnerAlive: (id) => region.isOwnerAlive(id),
          ops: {
            fence: () => {
              region.ops.fence();
              if (tries++ === 0) write(local);
            },
          },
        };
        const copy = new Int32Array(SECOND + 1);
        return [copyRecord(disturbed, base, copy, 2), tries, copy[FIRST], copy[SECOND]].join();
      }),
    ],
    check: ({ results }) => {
      const seen = String(results.get("reader and writer"));
      return seen === "true,2,1,1" ? undefined : `the reader had ${seen}`;
    },
  }),
  defineScenario({
    name: "a writer killed at any step: no half is read, its successor goes on",
    touches,
    setup,
    names,
    threads: [
      thread("writer", attach, (local) => write(local)),
      thread("reader", attach, (local) => read(local)),
    ],
    interruption: "kill",
    interruptible: ["writer"],
    supervisor: successor,
    check: judgeKill,
  }),
  defineScenario({
    name: "a writer killed at any step, two that may take over: one does, once",
    touches,
    setup,
    names,
    threads: [
      thread("writer", attach, (local) => write(local)),
      thread("other", attach, (local) => write(local)),
    ],
    interruption: "kill",
    interruptible: ["writer"],
    supervisor: successor,
    check: judgeKill,
  }),
  defineScenario({
    name: "a writer that stands still for ever: the others skip, nobody waits",
    touches,
    setup,
    names,
    threads: [
      thread("writer", attach, (local) => write(local)),
      thread("other", attach, (local) => write(local)),
      thread("reader", attach, (local) => read(local, 2)),
    ],
    interruption: "stop",
    interruptible: ["writer"],
    check: ({ shared: { region, base }, results, interrupted }) => {
      const other = results.get("other") as Entered;
      if (other === Entered.takenOver) return "a lock of the living was taken over";
      if (other === Entered.busy && peek(region.words, base + SKIPPED) !== 1)
        return "a skipped sample was not counted";
      if (interrupted === undefined && peek(region.words, base + LOCK) !== 0) return "the lock is still held";
      return torn(results.get("reader") as [number, number] | undefined);
    },
  }),
  defineScenario({
    name: "two that find the record taken at once: both skips are counted",
    touches,
    setup: () => {
      const shared = setup();
      enterRecord(shared.region, shared.base, shared.region.claimOwner().id);
      return shared;
    },
    names,
    threads: [
      thread("one", attach, (local) => write(local)),
      thread("other", attach, (local) => write(local)),
    ],
    check: ({ shared: { region, base } }) =>
      peek(region.words, base + SKIPPED) === 2 ? undefined : "a skipped sample was not counted",
  }),
  defineScenario({
    name: "a writer's death is declared while another announces itself and looks: one of them sees the other",
    touches,
    setup,
    names,
    threads: [
      // The writer, and after its end its supervisor.
      thread("dying", attach, ({ region, owner, base }) => {
        enterRecord(region, base, owner.id);
        region.declareDead(owner.id);
        return load(region.words, base + FIRST) === 1;
      }),
      thread("announcing", attach, ({ region, base }) => {
        store(region.words, base + FIRST, 1);
        return isAbandoned(region, base);
      }),
    ],
    check: ({ results }) => {
      const seen = results.get("dying") === true || results.get("announcing") === true;
      return seen ? undefined : "neither sees the other";
    },
  }),
  defineScenario({
    name: "planted: a reader that does not look at the version",
    touches: [],
    setup,
    names,
    threads: [
      thread("writer", attach, (local) => write(local)),
      thread("reader", attach, (local) => readWithoutVersion(local)),
    ],
    check: ({ results }) => torn(results.get("reader") as [number, number] | undefined),
    expectFailure: "torn",
  }),
];
