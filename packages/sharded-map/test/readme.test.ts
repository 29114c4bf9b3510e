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
    expect(example).toBe(readFileSync(path("../examples/shared-rooms.ts"), "utf8"));
    const conditions = extension === ".ts" ? ["--conditions=@udp-relay/source"] : [];
    const args = [...conditions, path(`../examples/shared-rooms${extension}`)];
    const ran = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 15_000 });
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toBe("room 42 of 1, in 1 guard\n");
  });
});
