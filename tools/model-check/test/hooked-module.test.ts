import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const run = (...conditions: string[]): { status: number | null; output: string } => {
  const args = [
    ...conditions.map((name) => `--conditions=${name}`),
    main,
    // Its files only: each is a process.
    "--package",
    "atomics-layout",
    "--scenario",
    "two threads declare one death",
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  return { status, output: stdout + stderr };
};

describe("the command", () => {
  it("runs the shipped sources through the hooked memory module", () => {
    const { status, output } = run("@udp-relay/model-check", "@udp-relay/source");
    expect(output).toContain("1 scenarios, 0 failing");
    expect(status).toBe(0);
  });

  it("refuses to run them without it", () => {
    const { status, output } = run("@udp-relay/source");
    expect(output).toContain("the hooked memory module is not loaded");
    expect(status).not.toBe(0);
  });
});
