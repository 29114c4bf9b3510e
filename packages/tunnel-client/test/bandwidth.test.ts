/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { describe, expect, it } from "vitest";
import { CrateEstimator } from "./crate-estimator.ts";
import { LoneClient, meanRate, send } from "./lone-client.ts";

const TIME_CONSTANT_MS = 1_000;

/** How far a reading is off, as a fraction. */
const error = (rate: number, truth: number): number => Math.abs(rate / truth - 1);

describe("constant traffic", () => {
  it.each([50, 64, 77, 100, 150, 333, 1_000, 9_999, 100_000])(
    "of %i packets a time constant reads within 2 % after 5 of them, at every moment",
    (perSecond) => {
      using client = new LoneClient({ timeConstantMs: TIME_CONSTANT_MS });
      send(client, perSecond, 100, 5 * TIME_CONSTANT_MS);
      const { least, most } = meanRate(client, perSecond, 100, 1_000);
      expect(error(least, perSecond * 100)).toBeLessThan(0.02);
      expect(error(most, perSecond * 100)).toBeLessThan(0.02);
    },
  );

  it.each([1, 2, 5, 10, 20, 40])(
    "of %i packets a time constant has the right mean, and ripples by the interval over the time constant",
    (perSecond) => {
      using client = new LoneClient({ timeConstantMs: TIME_CONSTANT_MS });
      send(client, perSecond, 1_000, 12 * TIME_CONSTANT_MS);
      const truth = perSecond * 1_000;
      const { mean, least, most } = meanRate(client, perSecond, 1_000, 4_000);
      expect(error(mean, truth)).toBeLessThan(0.02);
      expect((most - least) / truth).toBeLessThanOrEqual((1_000 / perSecond / TIME_CONSTANT_MS) * 1.001);
    },
  );

  it("of one packet each ten time constants has the right mean", () => {
    using client = new LoneClient({ timeConstantMs: 100 });
    send(client, 1, 1_000, 20_000);
    expect(error(meanRate(client, 1, 1_000, 5_000).mean, 1_000)).toBeLessThan(0.02);
  });
});

describe("both directions", () => {
  it("have rates of their own, which fall by themselves and are one priority's bandwidth", () => {
    using client = new LoneClient({ timeConstantMs: TIME_CONSTANT_MS });
    const { table, slot, handle } = client;
    for (let ms = 0; ms < 10_000; ms++) {
      table.sent(slot, 300, ms);
      if (ms % 10 === 0) table.received(slot, 100, ms);
    }
    const at = (tick: number) => table.snapshotOf(handle, tick)!;
    expect(error(at(9_999).bytesPerSecondOut, 300_000)).toBeLessThan(0.02);
    expect(error(at(9_999).bytesPerSecondIn, 10_000)).toBeLessThan(0.02);
    // Receiving goes on; what is sent no more fades: a half after 0.693 time constants, 0 at last.
    for (let ms = 10_000; ms < 10_693; ms += 10) table.received(slot, 100, ms);
    expect(error(at(10_692).bytesPerSecondOut, 150_000)).toBeLessThan(0.02);
    expect(error(at(10_692).bytesPerSecondIn, 10_000)).toBeLessThan(0.02);
    expect(at(10_692).isSlow).toBe(false);
    expect(at(13_000).isSlow).toBe(true);
    expect(at(10_000 + 33 * TIME_CONSTANT_MS).bytesPerSecondOut).toBe(0);
  });
});

describe("changing traffic", () => {
  it("follows a step as documented: half of it after 0.693 time constants", () => {
    using client = new LoneClient({ timeConstantMs: TIME_CONSTANT_MS });
    send(client, 1_000, 100, 10_000);
    send(client, 1_000, 300, 10_000 + 693);
    expect(error(client.rate, 200_000)).toBeLessThan(0.01);
    send(client, 1_000, 300, 15_000);
    expect(error(client.rate, 300_000)).toBeLessThan(0.02);
  });

  it("follows a ramp one time constant behind", () => {
    using client = new LoneClient({ timeConstantMs: TIME_CONSTANT_MS });
    // 100 bytes a second more every millisecond; 1,000 packets a second.
    for (let ms = 0; ms < 10_000; ms++) {
      client.tick = ms;
      client.table.received(client.slot, Math.round(ms / 10), ms);
    }
    const truth = (9_999 - TIME_CONSTANT_MS) * 100;
    expect(error(client.rate, truth)).toBeLessThan(0.02);
  });

  it("has the mean of on-off traffic over whole periods", () => {
    using client = new LoneClient({ timeConstantMs: TIME_CONSTANT_MS });
    let sum = 0;
    for (let ms = 0; ms < 40_000; ms++) {
      client.tick = ms;
      if (ms % 2_000 < 500) client.table.received(client.slot, 1_000, ms);
      if (ms >= 20_000) sum += client.rate;
    }
    expect(error(sum / 20_000, 250_000)).toBeLessThan(0.02);
  });

  it("does not depend on how often it is read", () => {
    using often = new LoneClient({ timeConstantMs: TIME_CONSTANT_MS });
    using once = new LoneClient({ timeConstantMs: TIME_CONSTANT_MS });
    let reads = 0;
    send(often, 137, 500, 3_000, ({ rate }) => void (reads += rate >= 0 ? 1 : 0));
    send(once, 137, 500, 3_000);
    expect(reads).toBe(411);
    expect(often.rate).toBe(once.rate);
  });
});

describe("idling", () => {
  it("halves the rate each 0.693 time constants and ends at 0", () => {
    using client = new LoneClient({ timeConstantMs: TIME_CONSTANT_MS });
    send(client, 1_000, 1_000, 10_000);
    const full = client.rate;
    client.tick += 693;
    expect(error(client.rate, full / 2)).toBeLessThan(0.001);
    client.tick += 693;
    expect(error(client.rate, full / 4)).toBeLessThan(0.001);
    client.tick = 10_000 + 33 * TIME_CONSTANT_MS;
    expect(client.rate).toBe(0);
  });

  it("makes a fast client slow within 3 time constants, keep-alives or not; the crate takes 140 s", () => {
    using client = new LoneClient({ timeConstantMs: 5_000, timeoutMs: 600_000 });
    const crate = new CrateEstimator(0);
    for (let ms = 0; ms < 60_000; ms++) {
      client.tick = ms;
      client.table.received(client.slot, 1_000, ms);
      crate.update(1_000, Math.floor(ms / 1_000));
    }
    expect(client.table.snapshotOf(client.handle, client.tick)?.isSlow).toBe(false);
    let slowAfterMs = 0;
    let crateSlowAfterMs = 0;
    for (let ms = 60_000; ms < 260_000; ms++) {
      client.tick = ms;
      if (ms % 20_000 === 19_999) {
        client.table.received(client.slot, 32, ms);
        crate.update(32, Math.floor(ms / 1_000));
      }
      if (slowAfterMs === 0 && client.table.snapshotOf(client.handle, ms)!.isSlow) slowAfterMs = ms - 60_000;
      if (crateSlowAfterMs === 0 && crate.bandwidth < 100_000) crateSlowAfterMs = ms - 60_000;
    }
    expect(slowAfterMs).toBeGreaterThan(2 * 5_000);
    expect(slowAfterMs).toBeLessThanOrEqual(3 * 5_000);
    expect(crateSlowAfterMs).toBeGreaterThan(120_000);
  });
});

describe("the crate's formula", () => {
  it("knows no time: after an hour of silence one packet leaves 70 % of the old rate", () => {
    const crate = new CrateEstimator(0);
    for (let second = 0; second <= 60; second++) crate.update(1_000_000, second);
    const before = crate.bandwidth;
    crate.update(100, 3_660);
    expect(crate.bandwidth / before).toBeGreaterThan(0.69);
    using client = new LoneClient({ timeConstantMs: 5_000, timeoutMs: 10_000_000 });
    send(client, 1_000, 1_000, 60_000);
    client.tick += 3_600_000;
    client.table.received(client.slot, 100, client.tick);
    expect(client.rate).toBe(20);
  });

  it("is frozen by one packet stamped in the future", () => {
    const crate = new CrateEstimator(0);
    for (let second = 0; second <= 60; second++) crate.update(1_000_000, second);
    crate.update(100, 100_000);
    const frozen = crate.bandwidth;
    for (let second = 61; second <= 600; second++) crate.update(1, second);
    expect(crate.bandwidth).toBe(frozen);
  });
});
