/** Prints the garbage collections during 1,000,000 samples of each kind, once optimised. */
import { PerformanceObserver } from "node:perf_hooks";
import { createRegion } from "@udp-relay/atomics-layout";
import { QualityAnalyzer, qualityRecord, SharedQuality } from "@udp-relay/quality-analyzer";

const own = new QualityAnalyzer({ sequenceBits: 32, timestampHz: 90_000 });
const region = createRegion({
  name: "scavenges",
  hash: 1,
  capacity: 8,
  sections: [qualityRecord.section(8)],
});
const shared = new SharedQuality(region, region.claimOwner(), { sequenceBits: 32 });
let collections = 0;
new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ["gc"] });
const turnOver = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
let next = 0;

const loops: Record<string, (samples: number) => void> = {
  recordPacket: (samples) => {
    for (let i = 0; i < samples; i++) own.recordPacket(i % 50 === 0, i);
  },
  recordSequence: (samples) => {
    for (let i = 0; i < samples; i++) {
      next = (next + (i % 50 === 0 ? 2 : 1)) | 0;
      own.recordSequence(next, i & 0xffff, i);
    }
  },
  recordRtt: (samples) => {
    for (let i = 0; i < samples; i++) own.recordRtt(i & 63);
  },
  sharedSequence: (samples) => {
    for (let i = 0; i < samples; i++) {
      next = (next + 1) | 0;
      shared.at(i & 7).recordSequence(next, i & 0xffff, i);
    }
  },
  sharedRead: (samples) => {
    for (let i = 0; i < samples / 10; i++) shared.at(i & 7).read();
  },
};
const counted: Record<string, number> = {};
for (const [name, loop] of Object.entries(loops)) {
  for (let warmUp = 0; warmUp < 20; warmUp++) loop(20_000);
  await turnOver();
  collections = 0;
  loop(1_000_000);
  await turnOver();
  counted[name] = collections;
}
console.log(JSON.stringify(counted));
