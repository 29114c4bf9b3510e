import { describe, expect, it } from "vitest";
import { EchoLog } from "../src/tunnel/echo-log.ts";

describe("echo log", () => {
  it("gives the time between forwarding a stamp and its echo, over the wrap of the clock", () => {
    const log = new EchoLog();
    log.forwarded(7, 0xffff_fc18);
    expect(log.echoed(7, 1_000)).toBe(2);
  });

  it("counts a stamp once, and none that is older than an answered one", () => {
    const log = new EchoLog();
    log.forwarded(1, 0);
    log.forwarded(2, 1_000);
    log.forwarded(3, 2_000);
    expect(log.echoed(2, 5_000)).toBe(4);
    expect(log.echoed(2, 6_000)).toBe(-1);
    expect(log.echoed(1, 6_000)).toBe(-1);
    expect(log.echoed(3, 6_000)).toBe(4);
  });

  it("forgets the oldest stamps, and knows none that it was never told", () => {
    const log = new EchoLog();
    for (let stamp = 1; stamp <= 17; stamp++) log.forwarded(stamp, 0);
    expect(log.echoed(1, 1)).toBe(-1);
    expect(log.echoed(99, 1)).toBe(-1);
    expect(log.echoed(17, 3_000)).toBe(3);
  });
});
