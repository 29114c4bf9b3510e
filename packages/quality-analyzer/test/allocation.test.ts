import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("./programs/scavenges.ts", import.meta.url));

describe("recording", () => {
  // One heap number a call would be 12 MB a million calls: 12 collections of a 1 MB nursery.
  it.skipIf(process.versions.bun !== undefined)("collects no garbage: no sample allocates", () => {
    const args = ["--max-semi-space-size=1", "--conditions=@udp-relay/source", program];
    const ran = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000 });
    expect(ran.stderr).toBe("");
    const counted = JSON.parse(ran.stdout) as Record<string, number>;
    expect(Object.keys(counted)).toHaveLength(5);
    for (const [name, collections] of Object.entries(counted))
      expect([name, collections <= 2]).toEqual([name, true]);
  });
});
