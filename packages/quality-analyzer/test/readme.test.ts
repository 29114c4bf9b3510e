import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
/** Compiled suites (Node 20) run compiled examples. */
const extension = extname(import.meta.url);

describe("the README's example", () => {
  it("is the one in examples/, and runs", () => {
    const [, example] = /```ts\n([^]*?)```/.exec(readFileSync(path("../README.md"), "utf8")) ?? [];
    expect(example).toBe(readFileSync(path("../examples/simulated-call.ts"), "utf8"));
    const conditions = extension === ".ts" ? ["--conditions=@udp-relay/source"] : [];
    const args = [...conditions, path(`../examples/simulated-call${extension}`)];
    const ran = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 15_000 });
    expect(ran.stderr).toBe("");
    const [measured, heard, truth] = ran.stdout.trim().split(/\n(?=\d)/);
    // 5,000 packets; the window of 60 s holds the last 3,000 of them at most.
    expect(measured).toMatch(/^1\d\.\d+ \{\s*packets: 2\d{3},\s*lost: \d+,\s*ms: 5\d{4},?\s*\}$/);
    expect(heard).toMatch(/^[2-4]\.\d+ 0 80 4\.\d+$/);
    expect(Math.abs(Number(truth) - 20)).toBeLessThan(8);
  });
});
