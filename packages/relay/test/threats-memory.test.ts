import { describe, expect, it } from "vitest";
import { collectedMemory } from "./collected-memory.ts";
import { LONG_MS, times } from "./long-form.ts";
import { v3, VirtualTunnel } from "./virtual-tunnel.ts";

// A file, and so a process, of its own: what other tests have left goes back to the system, or comes, when V8 thinks fit.
describe("THREATS 'memory'", () => {
  const ids = times(20_000, 1_000_000);
  it(
    `stands still while ${ids} ids squat a table of 200`,
    () => {
      const tunnel = new VirtualTunnel({ clientsPerPrefix: 200 });
      const squat = (from: number, to: number): void => {
        for (let id = from; id < to; id++) {
          tunnel.send(`198.51.100.${id & 15}:${1 + (id & 255)}`, v3(id, 0));
          if (id % 150 === 0) tunnel.advance(10_000);
        }
      };
      squat(1, ids / 10);
      const before = collectedMemory();
      squat(ids / 10, ids);
      const after = collectedMemory();
      expect(tunnel.clients.size).toBeLessThanOrEqual(200);
      expect(after.objectBytes - before.objectBytes).toBeLessThan(1 << 20);
      expect(after.rssBytes - before.rssBytes).toBeLessThan(16 << 20);
    },
    LONG_MS,
  );
});
