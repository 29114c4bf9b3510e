import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const readme = readFileSync(path("../README.md"), "utf8");

describe("the README's worker that is killed", () => {
  it("is the one in examples/, and prints what the README says", () => {
    expect(readme).toContain(
      `\`\`\`ts\n${readFileSync(path("../examples/shared-players.ts"), "utf8")}\`\`\``,
    );
    const args = ["--conditions=@udp-relay/source", path("../examples/shared-players.ts")];
    const env = { ...process.env, FORCE_COLOR: "0" };
    const ran = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000, env });
    expect(ran.stderr).toBe("");
    const lines = ran.stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(readme).toContain(`\`${line}\``);
  });
});
