import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

describe("the README's example", () => {
  it("is the one in examples/, and runs", () => {
    const [, example] = /```ts\n([^]*?)```/.exec(readFileSync(path("../README.md"), "utf8")) ?? [];
    expect(example).toBe(readFileSync(path("../examples/shared-clock.ts"), "utf8"));
    const args = ["--conditions=@udp-relay/source", path("../examples/shared-clock.ts")];
    const ran = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000 });
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toMatch(/^seen 20\d\d-\d\d-\d\dT[\d:.]+Z, idle for \d+ ms\n$/);
  });
});
