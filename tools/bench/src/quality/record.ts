/** Recording one sample, or reading, chosen by `argv[2]`; each loop holds its operation inline. 1 % is lost. */
import { createRegion } from "@udp-relay/atomics-layout";
import { QualityAnalyzer, qualityRecord, SharedQuality } from "@udp-relay/quality-analyzer";
import { SimulatedLink } from "@udp-relay/quality-analyzer/simulation";
import { measure } from "../measure.ts";

const SLOTS = 64;
const own = new QualityAnalyzer({ sequenceBits: 32 });
const region = createRegion({
  name: "quality bench",
  hash: 1,
  capacity: SLOTS,
  sections: [qualityRecord.section(SLOTS)],
});
const shared = new SharedQuality(region, region.claimOwner(), { sequenceBits: 32 });
for (let slot = 0; slot < SLOTS; slot++) shared.at(slot).recordPacket(false);
const link = new SimulatedLink({
  seed: 1,
  delayMs: 30,
  jitter: { kind: "normal", sigmaMs: 3 },
  loss: { kind: "independent", perMille: 10 },
});

let sequence = 0;
let nowMs = 0;

const loops: Record<string, (iterations: number) => number> = {
  outcome: (iterations) => {
    for (let i = 0; i < iterations; i++) own.recordPacket(i % 100 === 0);
    return own.lossPerMille ?? 0;
  },
  sequence: (iterations) => {
    for (let i = 0; i < iterations; i++) {
      if (++sequence % 100 === 0) sequence++;
      nowMs += 0.1;
      own.recordSequence(sequence, nowMs);
    }
    return own.lossPerMille ?? 0;
  },
  jitter: (iterations) => {
    for (let i = 0; i < iterations; i++) {
      if (++sequence % 100 === 0) sequence++;
      nowMs += 0.1;
      own.recordSequence(sequence, nowMs + (i & 7), nowMs);
    }
    return own.jitterMs ?? 0;
  },
  roundTrip: (iterations) => {
    for (let i = 0; i < iterations; i++) own.recordRtt(30 + (i & 15));
    return own.rttMs ?? 0;
  },
  loss: (iterations) => {
    let sum = 0;
    own.recordPacket(true);
    for (let i = 0; i < iterations; i++) sum += own.lossPerMille!;
    return sum;
  },
  sharedOutcome: (iterations) => {
    for (let i = 0; i < iterations; i++) shared.at(i & (SLOTS - 1)).recordPacket(i % 100 === 0);
    return shared.at(0).read()?.lossPerMille ?? 0;
  },
  sharedJitter: (iterations) => {
    shared.at(0);
    for (let i = 0; i < iterations; i++) {
      if (++sequence % 100 === 0) sequence++;
      nowMs += 0.1;
      shared.recordSequence(sequence, nowMs + (i & 7), nowMs);
    }
    return shared.read()?.jitterMs ?? 0;
  },
  sharedRead: (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += shared.at(i & (SLOTS - 1)).read()?.lossPerMille ?? 0;
    return sum;
  },
  link: (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) {
      nowMs += 0.1;
      sum += link.send(128, nowMs);
    }
    return sum;
  },
};

const operation = process.argv[2] ?? "";
const loop = loops[operation];
if (loop === undefined) throw new Error(`no such operation: ${operation}`);
measure(loop);
