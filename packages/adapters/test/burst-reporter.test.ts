import { describe, expect, it } from "vitest";
import { BurstReporter } from "@udp-relay/adapters";

describe("BurstReporter", () => {
  it("tells of a burst's first error, and with the next burst how many it kept back", () => {
    let nowMs = 0;
    const told: [unknown, string, number][] = [];
    const reporter = new BurstReporter<"read" | "write">(
      (...report) => told.push(report),
      () => nowMs,
    );
    reporter.report("a", "read");
    for (; nowMs < 5_000; nowMs += 999) reporter.report("b", "write");
    expect(told).toEqual([["a", "read", 0]]);
    // A second without an error, counted from the last one and not from the last report.
    nowMs += 1;
    reporter.report("c", "write");
    nowMs += 1_000;
    reporter.report("d", "read");
    expect(told.slice(1)).toEqual([
      ["c", "write", 6],
      ["d", "read", 0],
    ]);
  });

  it("never throws, and what its listener throws ends no burst", () => {
    let calls = 0;
    const reporter = new BurstReporter(() => {
      calls += 1;
      throw new Error("nobody is left");
    });
    for (let i = 0; i < 3; i++) reporter.report(new Error("x"), "read");
    expect(calls).toBe(1);
  });
});
