import { EventEmitter, once } from "node:events";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { RelayLog } from "@udp-relay/relay";
import { RelayMemory } from "../src/shared/relay-memory.ts";
import { respawnDelayMs, type RespawnTiming } from "../src/worker/respawn.ts";
import { SupervisedThreads } from "../src/worker/supervised-threads.ts";

const quiet = (): void => undefined;
const silent: RelayLog = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };

/** Time that passes only by hand. What is to be done later is done by {@link Timing.goOn}. */
class Timing implements RespawnTiming {
  now = 0;
  readonly #events = new EventEmitter();
  #act: (() => void) | undefined;

  nowMs(): number {
    return this.now;
  }

  after(delayMs: number, act: () => void): void {
    this.#act = act;
    this.#events.emit("asked", delayMs);
  }

  /** What the next successor is to wait. */
  async asked(): Promise<number> {
    const [delayMs] = (await once(this.#events, "asked")) as [number];
    return delayMs;
  }

  goOn(): void {
    const act = this.#act;
    this.#act = undefined;
    act?.();
  }
}

const open: SupervisedThreads<never>[] = [];
afterEach(async () => {
  for (const threads of open.splice(0)) await threads.close();
});

/** One place, real threads, and time by hand. */
function supervised() {
  const timing = new Timing();
  const predecessors: (number | undefined)[] = [];
  const ended: number[] = [];
  const memory = RelayMemory.create({ workers: 1, slots: 1, pingPrefixes: 8, pairs: 8 });
  const runs = new EventEmitter();
  const threads = new SupervisedThreads<never>(
    {
      name: "mortal",
      program: new URL(`programs/mortal-thread${import.meta.url.slice(-3)}`, import.meta.url),
      region: memory.region,
      log: {
        ...silent,
        info: () => {
          runs.emit("runs");
        },
      },
      startOf: (_, predecessor) => {
        predecessors.push(predecessor);
      },
      startError: (message) => new Error(message),
      onMessage: quiet,
      onEnded: (index) => {
        ended.push(index);
        return 0;
      },
      stopBlocking: quiet,
    },
    1,
    timing,
  );
  open.push(threads);
  return { threads, timing, predecessors, ended, runs: () => once(runs, "runs") };
}

describe("a dead worker's successor", () => {
  it("is started at once; after one that died in its first second, and was not the first, 250 ms later", async () => {
    const { threads, timing, predecessors, ended, runs } = supervised();
    await threads.start();
    const delays: number[] = [];
    // Deaths after so long a life: the first, one at once, a second one at once, one after a second.
    for (const livedMs of [0, 0, 999, 1_000, 0]) {
      timing.now += livedMs;
      const asked = timing.asked();
      threads.post(0, "die");
      delays.push(await asked);
      // Settled, and nobody in its place yet: only the delay is between.
      expect(ended.length).toBe(delays.length);
      expect(threads.status()).toMatchObject([{ state: "restarting", restarts: delays.length }]);
      expect(predecessors.length).toBe(delays.length);
      const successor = runs();
      timing.goOn();
      expect(predecessors.length).toBe(delays.length + 1);
      await successor;
      expect(threads.status()).toMatchObject([{ state: "running" }]);
    }
    expect(delays).toEqual([0, 250, 250, 0, 250]);
    // Each goes on with the queue of the one before.
    expect(predecessors[0]).toBe(undefined);
    expect(new Set(predecessors).size).toBe(predecessors.length);
  });

  it("does not start once the relay is being closed", async () => {
    const { threads, timing, predecessors } = supervised();
    await threads.start();
    const asked = timing.asked();
    threads.post(0, "die");
    await asked;
    await threads.close();
    timing.goOn();
    expect(predecessors.length).toBe(1);
  });

  it("waits for no more than a quarter of the second in which it is promised, whatever happened", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true }), fc.integer({ min: 1 }), (livedMs, deaths) => {
        const delayMs = respawnDelayMs(livedMs, deaths);
        expect([0, 250]).toContain(delayMs);
        if (deaths === 1 || livedMs >= 1_000) expect(delayMs).toBe(0);
      }),
    );
  });
});
