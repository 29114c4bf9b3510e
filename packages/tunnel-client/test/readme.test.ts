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
    expect(example).toBe(readFileSync(path("../examples/shared-clients.ts"), "utf8"));
    const conditions = extension === ".ts" ? ["--conditions=@udp-relay/source"] : [];
    const args = [...conditions, path(`../examples/shared-clients${extension}`)];
    const ran = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 20_000 });
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toBe("100 bytes, priority 1000, 1 client\n");
  });
});
