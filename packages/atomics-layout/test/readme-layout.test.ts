import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { defineLayout, line, u32, u64 } from "@udp-relay/atomics-layout";
import { layoutPicture } from "../src/layout-picture.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const readme = readFileSync(path("../README.md"), "utf8");

describe("the README's layout", () => {
  it("is the one in examples/, and runs", () => {
    expect(readme).toContain(`\`\`\`ts\n${readFileSync(path("../examples/count-players.ts"), "utf8")}\`\`\``);
    const args = ["--conditions=@udp-relay/source", path("../examples/count-players.ts")];
    const env = { ...process.env, FORCE_COLOR: "0" };
    const ran = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000, env });
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toBe("2 1200 5\n");
  });

  it("has the picture that print shows", () => {
    const [title, ...rows] = layoutPicture(
      defineLayout("Player", { hot: line({ packets: u64, seenMs: u32 }) }),
    );
    const shown = [title, ...rows.slice(0, 5)].map((row) => `    ${row!}`.trimEnd());
    expect(readme).toContain(shown.join("\n"));
  });
});
