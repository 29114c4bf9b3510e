import { attachRegion, createRegion, type Region, type RegionPlan } from "@udp-relay/atomics-layout";
import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import { qualityRecord, type QualityReadings, SequenceOutcome, SharedQuality } from "../src/index.ts";

/** The real estimators under the real protocol. */
const plan: RegionPlan = {
  name: "quality scenario",
  hash: 16,
  capacity: 1,
  owners: 4,
  sections: [qualityRecord.section(1)],
};
const options = { sequenceBits: 32, windowPackets: 8 } as const;
// The estimators themselves are sequential code under the record's lock: their own tests are the judges of them.
const touches = ["shared-record", "shared-quality"].map((name) => `packages/quality-analyzer/src/${name}.ts`);

interface Local {
  readonly region: Region;
  readonly quality: SharedQuality;
  readonly ownerId: number;
}

/** A new record, filled by `prepare` before the threads start. */
function prepared(prepare: (quality: SharedQuality) => void): () => Region {
  return () => {
    const region = createRegion(plan);
    const owner = region.claimOwner();
    const quality = new SharedQuality(region, owner, options).at(0);
    quality.initialize();
    prepare(quality);
    owner.release();
    return region;
  };
}

/** 10 and 12 have arrived: 11 counts as lost. */
const gap = prepared((quality) => {
  quality.recordSequence(10, 1_000);
  quality.recordSequence(12, 1_010);
});

/** One lost of three. */
const outcomes = prepared((quality) => {
  for (const lost of [true, false, false]) quality.recordPacket(lost);
});

function attach(shared: Region): Local {
  const region = attachRegion(shared.shared, plan);
  const owner = region.claimOwner();
  return { region, quality: new SharedQuality(region, owner, options).at(0), ownerId: owner.id };
}

/** Numbers that can only be of one moment: packets and losses, in the window and for life, and what the bits hold. */
type Seen = readonly [
  packets: number,
  lost: number,
  windowPackets: number,
  windowLost: number,
  burstLost: number,
];

function summary(readings: QualityReadings | undefined): Seen | undefined {
  if (readings === undefined) return undefined;
  const { lifetime, lossWindow, lossBursts } = readings;
  const burstLost = lossBursts === undefined ? 0 : Math.round(lossBursts.meanPackets * lossBursts.count);
  return [lifetime.packets, lifetime.lost, lossWindow?.packets ?? 0, lossWindow?.lost ?? 0, burstLost];
}

/** The moments of `gap`: before, after the late 11, after 14 with 13 lost, after both. */
const momentsOfGap = ["3 1 3 1 1", "3 0 3 0 0", "5 2 5 2 2", "5 1 5 1 1"];
/** The moments of `outcomes`: before and after one more arrival. */
const momentsOfOutcomes = ["3 1 3 1 1", "4 1 4 1 1"];

function fault(seen: Seen | undefined, moments: readonly string[]): string | undefined {
  return seen === undefined || moments.includes(seen.join(" "))
    ? undefined
    : `no such moment: ${seen.join(" ")}`;
}

export default [
  defineScenario({
    name: "estimators: a reader sees the record before a sample or after it",
    touches,
    setup: outcomes,
    threads: [
      thread("writer", attach, ({ quality }) => quality.recordPacket(false)),
      thread("reader", attach, ({ quality }) => summary(quality.read())),
    ],
    check: ({ results }) => fault(results.get("reader") as Seen | undefined, momentsOfOutcomes),
  }),
  defineScenario({
    name: "estimators: a reader sees the record before a late packet or after it",
    touches,
    setup: gap,
    threads: [
      thread("late", attach, ({ quality }) => quality.recordSequence(11, 1_020)),
      thread("reader", attach, ({ quality }) => summary(quality.read())),
    ],
    check: ({ results }) => {
      if (results.get("late") !== SequenceOutcome.late) return "the late packet was not recognised";
      return fault(results.get("reader") as Seen | undefined, momentsOfGap);
    },
  }),
  defineScenario({
    name: "estimators: two writers, each sample whole or skipped",
    touches,
    setup: gap,
    threads: [
      thread("late", attach, ({ quality }) => quality.recordSequence(11, 1_020)),
      thread("ahead", attach, ({ quality }) => quality.recordSequence(14, 1_020)),
    ],
    check: ({ shared, results }) => {
      const readings = attach(shared).quality.read();
      const busy = [...results.values()].filter((outcome) => outcome === SequenceOutcome.busy).length;
      if (readings === undefined) return "the lock is still held";
      if (readings.skipped !== busy) return "a skipped sample was not counted";
      const seen = summary(readings)!;
      const late = results.get("late") === SequenceOutcome.late ? 1 : 0;
      const ahead = results.get("ahead") === SequenceOutcome.advanced ? 1 : 0;
      if (seen[0] !== 3 + 2 * ahead || seen[1] !== 1 - late + ahead)
        return `${seen[0]} packets, ${seen[1]} lost`;
      return fault(seen, momentsOfGap);
    },
  }),
  defineScenario({
    name: "estimators: killed at any step, the window restarts, lifetime misses one sample at most",
    touches,
    setup: outcomes,
    threads: [thread("writer", attach, ({ quality }) => quality.recordPacket(true))],
    interruption: "kill",
    supervisor: supervisor(
      (shared: Region) => ({ ...attach(shared), dead: shared.owners()[0]!.id }),
      ({ region, quality, dead }) => {
        region.declareDead(dead);
        const repaired = quality.repair();
        quality.recordPacket(false);
        return repaired;
      },
    ),
    check: ({ shared, results, interrupted }) => {
      if (interrupted === undefined) return undefined;
      const readings = attach(shared).quality.read();
      if (readings === undefined) return "the lock is still held";
      const [packets, lost, windowPackets, windowLost] = summary(readings)!;
      const seen = `${packets} ${lost} ${windowPackets} ${windowLost}`;
      // Dead before it took the lock, or after it gave it back.
      if (results.get("supervisor") !== true) return ["4 1 4 1", "5 2 5 2"].includes(seen) ? undefined : seen;
      if (readings.takeovers !== 1) return "the takeover was not counted";
      // The arrival counts, and of the dead writer's sample nothing, the packet, or the packet and its loss.
      return ["4 1 1 0", "5 1 1 0", "5 2 1 0"].includes(seen) ? undefined : seen;
    },
  }),
  defineScenario({
    name: "estimators: a slot emptied for its next user while somebody reads",
    touches,
    setup: outcomes,
    threads: [
      thread("newcomer", attach, ({ quality }) => {
        quality.initialize();
      }),
      thread("reader", attach, ({ quality }) => summary(quality.read())),
    ],
    check: ({ shared, results }) =>
      fault(results.get("reader") as Seen | undefined, ["3 1 3 1 1", "0 0 0 0 0"]) ??
      fault(summary(attach(shared).quality.read()) ?? [-1, -1, -1, -1, -1], ["0 0 0 0 0"]),
    // Two dozen plain stores against 128 plain loads: too many orders to try them all.
    mode: { runs: 500, longRuns: 1_500, seed: 15 },
  }),
];
