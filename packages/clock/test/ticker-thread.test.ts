import { ClockError, CoarseClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";

describe("a ticker on a thread of its own", () => {
  it("ticks while this thread is busy, and ends when told", async () => {
    using clock = new CoarseClock();
    using ticker = clock.startTickerThread({ intervalMs: 1 });
    await ticker.ready;
    const ticks = new Set<number>();
    const until = performance.now() + 5_000;
    while (ticks.size <= 20 && performance.now() < until) ticks.add(clock.recentMs());
    expect(ticks.size).toBeGreaterThan(20);
    ticker.stop();
    expect(ticker.running).toBe(false);
    await ticker.ended;
    const stoppedAt = clock.recentMs();
    const later = performance.now() + 20;
    while (performance.now() < later);
    expect(clock.recentMs()).toBe(stoppedAt);
    expect(clock.stalenessMs()).toBeGreaterThan(15);
  });

  it("ends in the middle of a long interval", async () => {
    using clock = new CoarseClock();
    const ticker = clock.startTickerThread({ intervalMs: 600_000 });
    await ticker.ready;
    const begun = performance.now();
    clock[Symbol.dispose]();
    await ticker.ended;
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it("stops by its signal, before and after it runs", async () => {
    using clock = new CoarseClock();
    const abort = new AbortController();
    const ticker = clock.startTickerThread({ intervalMs: 1, signal: abort.signal });
    await ticker.ready;
    abort.abort();
    expect(ticker.running).toBe(false);
    await ticker.ended;

    const never = clock.startTickerThread({ signal: abort.signal });
    expect(never.running).toBe(false);
    await expect(never.ready).rejects.toBeInstanceOf(ClockError);
    await never.ended;
  });

  it("says so when its script cannot be run", async () => {
    using clock = new CoarseClock();
    const ticker = clock.startTickerThread({ script: new URL("./missing.js", import.meta.url) });
    const error: unknown = await ticker.ready.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClockError);
    expect((error as ClockError).code).toBe("ERR_CLOCK_TICKER_THREAD");
    await ticker.ended;
    expect(ticker.running).toBe(false);
  });

  it("takes its script from another place", async () => {
    using clock = new CoarseClock();
    using ticker = clock.startTickerThread({
      script: new URL(import.meta.resolve("@udp-relay/clock/ticker-thread-worker")),
    });
    await ticker.ready;
    ticker.stop();
    await ticker.ended;
  });
});
