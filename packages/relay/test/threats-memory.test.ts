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
      const part = ids / 10;
      const seen = [...Array(10).keys()].map((nth) => {
        squat(1 + nth * part, 1 + (nth + 1) * part);
        return collectedMemory();
      });
      const growths = seen.slice(1).map((memory, nth) => memory.rssBytes - seen[nth]!.rssBytes);
      expect(tunnel.clients.size).toBeLessThanOrEqual(200);
      expect(seen[9]!.objectBytes - seen[0]!.objectBytes).toBeLessThan(1 << 20);
      // What ids cost comes with each part. A step of up to 32 MiB comes once, when the engine resizes its young
      // generation, which V8 does by the rate at which a thread allocates, and so by how busy the machine is.
      expect(growths.sort((a, b) => a - b)[4]).toBeLessThan(1 << 20);
    },
    LONG_MS,
  );
});
