import { createRegion, type Owner, type Region, type RegionPlan } from "@udp-relay/atomics-layout";
import { describe, expect, it } from "vitest";
import { QualityAnalyzer, qualityRecord, SequenceOutcome, SharedQuality } from "../src/index.ts";
import { COMPACT, LOCK } from "../src/record-layout.ts";
import { SeededRandom } from "../src/simulation/index.ts";

function regionOf(capacity: number): Region {
  const plan: RegionPlan = {
    name: "quality test",
    hash: 1,
    capacity,
    sections: [qualityRecord.section(capacity)],
  };
  return createRegion(plan);
}

function lockWord(region: Region, slot: number): number {
  return region.section("quality").byteOffset / 4 + slot * COMPACT.wordCount + LOCK;
}

describe("shared records", () => {
  it("take 512 bytes a slot, on lines of their own", () => {
    expect(qualityRecord.byteLength).toBe(512);
    const region = regionOf(7);
    expect(region.section("quality").byteLength).toBe(7 * 512);
    expect(region.section("quality").byteOffset % 64).toBe(0);
    expect(new SharedQuality(region, region.claimOwner()).capacity).toBe(7);
  });

  it("say the same as an analyzer of own memory", () => {
    const region = regionOf(3);
    const options = { sequenceBits: 32, timestampHz: 8_000, windowPackets: 500 } as const;
    const shared = new SharedQuality(region, region.claimOwner(), options).at(1);
    const own = new QualityAnalyzer(options);
    const random = new SeededRandom(4);
    for (let i = 0; i < 4_000; i++) {
      const sequence = i + (random.nextUnit() < 0.05 ? -(random.nextUint32() % 30) : 0);
      const arrivalMs = i * 20 + random.nextUnit() * 10;
      if (random.nextUnit() < 0.1) continue;
      expect(shared.recordSequence(sequence, arrivalMs, i * 160)).toBe(
        own.recordSequence(sequence, arrivalMs, i * 160),
      );
      if (i % 10 === 0) expect(shared.recordRtt(30 + (i % 7), 1)).toBe(own.recordRtt(30 + (i % 7), 1));
    }
    const readings = shared.read()!;
    expect(readings.lossWindow).toEqual(own.lossWindow);
    expect(readings.lifetime).toEqual(own.lifetime);
    expect(readings.jitterMs).toBe(own.jitterMs);
    expect(readings.rttMs).toBe(own.rttMs);
    expect(readings.minRttMs).toBe(own.minRttMs);
    expect(readings.lossBursts!.meanPackets).toBeGreaterThan(1);
    // Coarser buckets: within a quarter octave of each other.
    expect(Math.abs(readings.rttPercentiles!.p50Ms / own.rttPercentiles!.p50Ms - 1)).toBeLessThan(0.2);
    for (const slot of [0, 2]) expect(shared.at(slot).read()!.lossPerMille).toBeUndefined(); // the neighbours
  });

  it("are independent of each other and of the view that wrote them", () => {
    const region = regionOf(4);
    const writer = new SharedQuality(region, region.claimOwner());
    for (let slot = 0; slot < 4; slot++) {
      for (let i = 0; i < 10; i++) writer.at(slot).recordPacket(i < slot);
    }
    const reader = new SharedQuality(region, region.claimOwner());
    for (let slot = 0; slot < 4; slot++) expect(reader.at(slot).read()!.lossPerMille).toBe(slot * 100);
    expect(() => reader.at(4)).toThrow(expect.objectContaining({ code: "ERR_QUALITY_SLOT" }));
    expect(() => reader.at(-1)).toThrow(/slot -1/);
    for (const slot of [0.5, NaN, Infinity, undefined, -0.5] as number[]) {
      expect(() => writer.at(slot)).toThrow(expect.objectContaining({ code: "ERR_QUALITY_SLOT" }));
    }
    expect(writer.at(3).recordSequence(NaN, 0)).toBe(SequenceOutcome.ignored);
    expect(reader.at(3).read()!.lifetime).toMatchObject({ packets: 10, ignored: 1 });
    for (const capacity of [0, 1.5, NaN]) {
      expect(() => qualityRecord.section(capacity)).toThrow(
        expect.objectContaining({ code: "ERR_QUALITY_OPTION" }),
      );
    }
  });

  it("skip and count a sample that finds the record taken; readers get nothing of the middle", () => {
    const region = regionOf(1);
    const holder: Owner = region.claimOwner();
    const quality = new SharedQuality(region, region.claimOwner()).at(0);
    quality.recordPacket(true);
    Atomics.store(region.words, lockWord(region, 0), holder.id);
    expect(quality.recordPacket(true)).toBe(false);
    expect(quality.recordSequence(1, 1)).toBe(SequenceOutcome.busy);
    expect(quality.recordRtt(5)).toBe(false);
    expect(quality.reset()).toBe(false);
    expect(quality.repair()).toBe(false);
    expect(quality.read()).toBeUndefined();
    Atomics.store(region.words, lockWord(region, 0), 0);
    expect(quality.read()!.skipped).toBe(4);
    expect(quality.read()!.lifetime.packets).toBe(1);
    expect(quality.reset()).toBe(true);
    expect(quality.read()!.lossPerMille).toBeUndefined();
    expect(quality.read()!.skipped).toBe(4);
  });

  it("restart their window when their writer is declared dead, and keep lifetime", () => {
    for (const way of ["repair", "record"] as const) {
      const region = regionOf(1);
      const quality = new SharedQuality(region, region.claimOwner()).at(0);
      for (let i = 0; i < 20; i++) {
        quality.recordSequence(i * 2, i, i);
        quality.recordRtt(20);
      }
      const dead = region.claimOwner();
      Atomics.store(region.words, lockWord(region, 0), dead.id);
      expect(quality.recordPacket(false)).toBe(false); // silent, perhaps paused: never taken from the living
      region.declareDead(dead.id);
      if (way === "repair") expect(quality.repair()).toBe(true);
      else expect(quality.recordPacket(false)).toBe(true);
      const readings = quality.read()!;
      expect(readings.takeovers).toBe(1);
      expect(readings.lossWindow?.packets).toBe(way === "repair" ? undefined : 1);
      expect(readings.jitterMs).toBeUndefined();
      expect(readings.rttMs).toBeUndefined();
      expect(readings.lifetime).toMatchObject({
        packets: way === "repair" ? 39 : 40,
        lost: 19,
        duplicates: 0,
      });
      expect(readings.lossBursts).toMatchObject({ count: 19, longestPackets: 1 });
      expect(readings.rttPercentiles!.samples).toBe(20);
      expect(quality.repair()).toBe(false);
      expect(quality.recordSequence(7, 100)).toBe(SequenceOutcome.advanced);
      expect(quality.read()!.lifetime.ignored).toBe(0);
    }
  });

  it("are empty for a slot's next user, whatever the last one left", () => {
    const region = regionOf(1);
    const quality = new SharedQuality(region, region.claimOwner()).at(0);
    quality.recordPacket(true, 5);
    Atomics.store(region.words, lockWord(region, 0), region.claimOwner().id);
    quality.initialize();
    const readings = quality.read()!;
    expect(readings.lossPerMille).toBeUndefined();
    expect(readings.skipped).toBe(0);
    expect(readings.silenceMs(10)).toBeUndefined();
    expect(quality.recordPacket(false)).toBe(true);
  });

  it("come free of a lock that its own thread was thrown out of", () => {
    const region = regionOf(1);
    const owner = region.claimOwner();
    const quality = new SharedQuality(region, owner).at(0);
    Atomics.store(region.words, lockWord(region, 0), owner.id);
    expect(quality.recordPacket(false)).toBe(true);
    expect(quality.read()!.takeovers).toBe(1);
  });
});
