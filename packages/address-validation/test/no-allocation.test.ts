import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const onBun = "Bun" in globalThis;

/** Collections of the young generation that V8 reports during 1e6 calls. */
function scavenges(operation: string): number {
  const program = fileURLToPath(new URL("./judge-million.ts", import.meta.url));
  const output = execFileSync(
    process.execPath,
    ["--conditions=@udp-relay/source", "--trace-gc", "--max-semi-space-size=1", program, operation],
    { encoding: "utf8", timeout: 60_000 },
  );
  const during = output.slice(output.indexOf("begin"), output.indexOf("end"));
  expect(output).toContain("end");
  return during.split("Scavenge").length - 1;
}

describe.skipIf(onBun)("one million verdicts on a policy of 10,000 prefixes", () => {
  it.each(["judge", "judgeRinfo"])(
    "by %s allocate nothing: no scavenge of a young generation of 1 MiB",
    (operation) => {
      expect(scavenges(operation)).toBe(0);
    },
  );

  it("would be seen if they did", () => {
    expect(scavenges("allocate")).toBeGreaterThan(10);
  });
});
