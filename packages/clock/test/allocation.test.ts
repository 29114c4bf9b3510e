import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("./programs/scavenges.ts", import.meta.url));

describe("hot calls", () => {
  // Bun reports no garbage collections.
  it.skipIf("Bun" in globalThis)("allocate nothing: no collection in 1,000,000 of each", () => {
    // A young generation of 1 MB: 1,000,000 boxed numbers would fill it a dozen times.
    const args = ["--max-semi-space-size=1", "--conditions=@udp-relay/source", program];
    const ran = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000 });
    expect(JSON.parse(ran.stdout)).toEqual({ update: 0, recentMs: 0, recentMicros: 0, turn: 0 });
  });
});
