import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { dropReasonNames } from "../src/transport/drop-reason.ts";
import { onBun } from "./conformance/native-adapter.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
/** Compiled suites (Node 20) run compiled examples. */
const extension = extname(import.meta.url);
const readme = readFileSync(path("../README.md"), "utf8");

describe("the README", () => {
  it("has an example that is the one in examples/, and runs", () => {
    const [, example] = /```ts\n([^]*?)```/.exec(readme) ?? [];
    expect(example).toBe(readFileSync(path("../examples/echo.ts"), "utf8"));
    const conditions = extension === ".ts" ? ["--conditions=@udp-relay/source"] : [];
    const args = [...conditions, path(`../examples/echo${extension}`)];
    const ran = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 15_000 });
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toMatch(/^(node|bun|linux) listens on port \d+\nmany datagrams, drops: \{\}\n$/);
    if (onBun) expect(ran.stdout).not.toMatch(/^node/);
  });

  it("simulates a lossy link as examples/lossy-link.ts does, the same in every run", () => {
    expect(readme).toContain(readFileSync(path("../examples/lossy-link.ts"), "utf8"));
    const conditions = extension === ".ts" ? ["--conditions=@udp-relay/source"] : [];
    const args = [...conditions, path(`../examples/lossy-link${extension}`)];
    const ran = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 15_000 });
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toBe("194 packets, gone at 14950 ms\n200 sent, 194 handled, 191 returned, 9 lost\n");
  });

  it("names every drop reason", () => {
    const [, listed] = /\*\*Reasons\*\*: ([^]*?)\. EMSGSIZE/.exec(readme) ?? [];
    const names = [...(listed ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(names).toEqual(dropReasonNames.slice(1));
  });
});
