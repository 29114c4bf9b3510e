import { ManualClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { TunnelClientTable } from "../src/index.ts";
import { hear, options } from "./heard-clients.ts";

/** Another thread hears a client at 1,000, lives until 7,000, and is gone. */
function hearAndLeave(clients: TunnelClientTable): void {
  using receiver = TunnelClientTable.attach(clients.shared);
  hear(receiver, 1, 1_000);
  receiver.beat(4_000);
  receiver.beat(7_000);
}

describe("nothing expires whose receiver is behind", () => {
  it("when this thread itself stood still: its queue comes first", () => {
    using clients = TunnelClientTable.create(options);
    hear(clients, 1, 1_000);
    // The loop was blocked for 35 s; the timer comes before the socket.
    expect(clients.sweep(36_000, 100)).toBe(0);
    expect(clients.stats().heldBack).toBeGreaterThan(0);
    expect(hear(clients, 1, 36_001)).not.toBe(0);
    expect(clients.sweep(37_100, 100)).toBe(0);
    expect(clients.snapshot()[0]?.packetsReceived).toBe(2);
  });

  it("when another thread is, until it beats again", () => {
    using clients = TunnelClientTable.create(options);
    using receiver = TunnelClientTable.attach(clients.shared);
    hear(receiver, 1, 1_000);
    for (let tick = 1_000; tick <= 20_000; tick += 1_000) expect(clients.sweep(tick, 100)).toBe(0);
    expect(clients.stats().heldBack).toBeGreaterThan(0);
    // It resumes: still held back for an eighth of the timeout, in which it reads what is queued.
    receiver.beat(20_100);
    expect(clients.sweep(20_200, 100)).toBe(0);
    receiver.beat(21_200);
    expect(clients.sweep(21_300, 100)).toBe(1);
  });

  it("when another thread is gone, for one timeout", () => {
    using clients = TunnelClientTable.create(options);
    hearAndLeave(clients);
    for (let tick = 7_000; tick < 15_000; tick += 1_000) expect(clients.sweep(tick, 100)).toBe(0);
    expect(clients.sweep(15_000, 100)).toBe(1);
  });

  it("nor until its successor has drained its queue", () => {
    using clients = TunnelClientTable.create(options);
    hearAndLeave(clients);
    clients.beat(8_000);
    expect(clients.sweep(9_500, 100)).toBe(0);
    clients.drained();
    expect(clients.sweep(9_500, 100)).toBe(1);
  });

  it("those of a drained thread may go sooner if its successor says so, but for whom another has heard since", () => {
    using clients = TunnelClientTable.create(options);
    const receiver = TunnelClientTable.attach(clients.shared);
    using other = TunnelClientTable.attach(clients.shared);
    for (const id of [1, 2]) hear(receiver, id, 1_000);
    hear(other, 3, 1_000);
    receiver[Symbol.dispose]();
    clients.drained(undefined, 2_000);
    // The one has come back, to a thread that lives.
    hear(other, 2, 1_500);
    const left = (): (number | undefined)[] => clients.snapshot(3_000).map(({ id }) => id);
    expect(clients.sweep(2_999, 100)).toBe(0);
    expect(clients.sweep(3_000, 100)).toBe(1);
    expect(left().toSorted()).toEqual([2, 3]);
    expect(clients.sweep(4_400, 100)).toBe(0);
  });

  it.each([0, -1, NaN, 1e9])(
    "%d ms of silence are the nearest that there may be, the timeout if it is no number",
    (silenceMs) => {
      using clients = TunnelClientTable.create(options);
      const receiver = TunnelClientTable.attach(clients.shared);
      hear(receiver, 1, 1_000);
      receiver[Symbol.dispose]();
      clients.drained(undefined, silenceMs);
      const enoughMs = silenceMs <= 0 ? 1 : options.timeoutMs;
      expect(clients.sweep(1_000, 100)).toBe(0);
      expect(clients.sweep(1_000 + enoughMs - 1, 100)).toBe(0);
      expect(clients.sweep(1_000 + enoughMs, 100)).toBe(1);
    },
  );

  it("with a clock a thread beats by itself", async () => {
    const clock = new ManualClock();
    using clients = TunnelClientTable.create({ ...options, timeoutMs: 80, clock });
    hear(clients, 1, clock.update());
    const { region } = clients;
    const beat = (): number => Math.max(...region.owners().map(({ lastSeenTick }) => lastSeenTick));
    const before = beat();
    clock.advance(30);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(beat()).toBe(before + 30);
  });
});
