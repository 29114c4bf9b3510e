import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "clock-published-"));

/** The package as it is installed: compiled, without its sources, under its own name. */
beforeAll(() => {
  const installed = join(project, "node_modules/@udp-relay/clock");
  mkdirSync(installed, { recursive: true });
  copyFileSync(join(root, "package.json"), join(installed, "package.json"));
  const tsc = createRequire(import.meta.url).resolve("typescript/lib/tsc.js");
  const options = ["--outDir", join(installed, "dist"), "--tsBuildInfoFile", join(project, "tsbuildinfo")];
  // The package's own typecheck is another target: here it is only compiled.
  const args = [tsc, "-p", join(root, "tsconfig.lib.json"), "--noCheck", ...options];
  const compiled = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect([compiled.status, compiled.stdout]).toEqual([0, ""]);
}, 60_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

describe("the published package", () => {
  it("finds the script of its ticker thread in dist", () => {
    const program = join(project, "program.mjs");
    writeFileSync(
      program,
      `import { CoarseClock } from "@udp-relay/clock";
       const clock = new CoarseClock();
       const ticker = clock.startTickerThread({ intervalMs: 1 });
       await ticker.ready;
       const ticks = new Set();
       const until = performance.now() + 200;
       while (performance.now() < until) ticks.add(clock.recentMs());
       ticker.stop();
       await ticker.ended;
       const resolved = import.meta.resolve("@udp-relay/clock").endsWith("/dist/index.js");
       console.log(\`\${resolved} \${ticks.size > 5}\`);`,
    );
    const ran = spawnSync(process.execPath, [program], { cwd: project, encoding: "utf8", timeout: 30_000 });
    expect([ran.stdout.trim(), ran.stderr]).toEqual(["true true", ""]);
  });
});
