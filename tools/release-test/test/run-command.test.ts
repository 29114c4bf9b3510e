import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { mustRun, runCommand } from "../src/index.ts";

const options = { cwd: tmpdir(), timeoutMs: 20_000 };
const node = (script: string, timeoutMs = options.timeoutMs): ReturnType<typeof runCommand> =>
  runCommand(process.execPath, ["-e", script], { ...options, timeoutMs });

describe("a command that is run", () => {
  it("succeeds with status 0 only, and its whole output is kept", async () => {
    expect(await node("console.log('a'); console.error('b')")).toMatchObject({ ok: true, stdout: "a\n" });
    const failed = await node("console.error('why'); process.exitCode = 3");
    expect(failed.ok).toBe(false);
    expect(failed.output).toContain("why");
    expect(failed.output).toContain("status 3");
  });

  it("is ended when its time is over", async () => {
    const stuck = await node("setInterval(() => {}, 1000)", 300);
    expect(stuck.ok).toBe(false);
    expect(stuck.output).toContain("did not end within 0.3 s");
  });

  it("that does not exist is a failure, not a crash", async () => {
    expect((await runCommand("no-such-program-here", [], options)).output).toContain("cannot start");
    await expect(mustRun("no-such-program-here", ["x"], options)).rejects.toThrow("no-such-program-here x");
  });
});
