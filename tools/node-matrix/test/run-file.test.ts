import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runFile, type FileVerdict } from "../src/run-file.ts";

const folder = mkdtempSync(join(tmpdir(), "node-matrix-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function run(body: string, limitMs = 60_000): Promise<FileVerdict> {
  const path = join(folder, `file-${performance.now()}.mjs`);
  writeFileSync(path, `import { describe, it } from "node:test";\n${body}`);
  const runtime = { name: "24", label: "this one", version: process.versions.node };
  return runFile({ runtime, executable: process.execPath, path, limitMs, env: {} });
}

describe("a test file in a process of its own", () => {
  it("passes when its tests pass, and when all that are left of it are skipped", async () => {
    expect(await run(`it("a", () => {}); it.skip("b");`)).toMatchObject({ ok: true, passed: 1, skipped: 1 });
    expect(await run(`describe("a", { skip: true }, () => it("b", () => {}));`)).toMatchObject({
      ...{ ok: true, hung: false, passed: 0, skipped: 1, failed: 0 },
    });
  });

  it("fails when a test fails, when there is none, and when its process does", async () => {
    expect(await run(`it("a", () => { throw new Error("no"); });`)).toMatchObject({ ok: false, failed: 1 });
    expect(await run("")).toMatchObject({ ok: false, passed: 0, failed: 0 });
    expect(
      await run(`it("a", () => {}); process.on("exit", () => { process.exitCode = 3; });`),
    ).toMatchObject({
      ...{ ok: false, passed: 1, failed: 0 },
    });
  });

  it("ends by itself when a test left something open, and names it", async () => {
    const shim = new URL("../src/left-open.ts", import.meta.url).href;
    const open = `import { watched } from ${JSON.stringify(shim)};
      it("a", () => watched(() => { setInterval(() => {}, 1e3); throw new Error("no"); }));
      it("b", () => watched(() => {}));`;
    const verdict = await run(open);
    expect(verdict).toMatchObject({ ok: false, hung: false, passed: 1, failed: 1 });
    expect(verdict.output).toContain("# left open: Timeout");
  });

  it("is ended at its limit, with what it started, when a failed test left something open", async () => {
    const left = `import { spawn } from "node:child_process";
      it("a", () => { spawn(process.execPath, ["-e", "setInterval(() => {}, 1e3)"], { stdio: "inherit" }); throw 1; });`;
    // Ends only when the grandchild has let go of the output, too.
    expect(await run(left, 2_000)).toMatchObject({ ok: false, hung: true });
  });
});
