import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const onBun = "Bun" in globalThis;

/**
 * Collections of the young generation that V8 reports during 1e6 calls: the fewest of several windows, because code
 * that is not optimised yet boxes numbers of its own. What allocates at every call fills the megabyte in each.
 */
function scavenges(operation: string, windows: number): number {
  const program = fileURLToPath(new URL("./judge-million.ts", import.meta.url));
  const output = execFileSync(
    process.execPath,
    [
      "--conditions=@udp-relay/source",
      "--trace-gc",
      "--max-semi-space-size=1",
      program,
      operation,
      `${windows}`,
    ],
    { encoding: "utf8", timeout: 60_000 },
  );
  const parts = output.split("begin").slice(1);
  expect(parts.map((part) => part.includes("end"))).toEqual(new Array(windows).fill(true));
  return Math.min(...parts.map((part) => part.slice(0, part.indexOf("end")).split("Scavenge").length - 1));
}

describe.skipIf(onBun)("one million verdicts on a policy of 10,000 prefixes", () => {
  it.each(["judge", "judgeRinfo"])(
    "by %s allocate nothing: no scavenge of a young generation of 1 MiB",
    (operation) => {
      expect(scavenges(operation, 6)).toBe(0);
    },
  );

  it("would be seen if they did", () => {
    expect(scavenges("allocate", 1)).toBeGreaterThan(10);
  });
});
