import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("./programs/leaving.ts", import.meta.url));

async function outputOf(what: string): Promise<string> {
  const child = spawn(process.execPath, ["--conditions=@udp-relay/source", program, what], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 30_000,
  });
  const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return output.trim();
}

describe("a process with nothing left to do leaves", () => {
  it.each(["ticker", "ticker-thread", "ticking-thread", "turns"])("under a running %s", async (what) => {
    expect(await outputOf(what)).toBe("left with 0 after 0");
  });

  it("when its beforeExit listener reads a clock once per turn", async () => {
    expect(await outputOf("turns-in-beforeExit")).toMatch(/^left with 0 after [12]$/);
  });
});
