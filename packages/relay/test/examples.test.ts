import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { programEnvironment } from "./program-environment.ts";

async function run(name: string, ...args: string[]): Promise<string[]> {
  const program = fileURLToPath(new URL(`../examples/${name}.ts`, import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@udp-relay/source", program, ...args],
    { env: programEnvironment },
  );
  return stdout.trimEnd().split("\n");
}

describe("the example of a game relay", () => {
  it("plays a room over V3 and one over V2 to the same worlds", async () => {
    const lines = await run("game-relay");
    const text = lines.join("\n");
    expect(lines.filter((line) => line.includes("5 of 5 pings answered"))).toHaveLength(5);
    const played = lines
      .map((line) => /id +(-?\d+) +60 of 60 frames {2}world (\w{8})$/.exec(line))
      .filter(Boolean);
    const [anna, boris, chen, dora, emil] = played.map((match) => match![2]);
    expect([boris, chen, emil]).toEqual([anna, anna, dora]);
    expect(anna).not.toBe(dora);
    expect(text).toContain("V3 room: the worlds are alike");
    expect(text).toContain("V2 room: the worlds are alike");
    // What the relay counted is what the players sent, and it is all accounted for.
    const ids = lines.map((line) => /^ {2}(v\d) +(-?\d+) /.exec(line)?.[2]).filter(Boolean);
    expect(ids.sort()).toEqual(played.map((match) => match![1]).sort());
    const sums = /received (\d+) = forwarded (\d+) \+ 3 registrations, 25 pings \+ dropped (.*)$/.exec(
      lines.at(-1)!,
    )!;
    const dropped = [...sums[3]!.matchAll(/\d+/g)].reduce((sum, [count]) => sum + Number(count), 0);
    expect(Number(sums[1])).toBe(Number(sums[2]) + 28 + dropped);
    expect(Number(sums[2])).toBeGreaterThan(400);
  });
});

describe("the example of a WireGuard-style endpoint", () => {
  it("follows who moves, counts what is lost, opens nothing twice and nothing forged", async () => {
    const lines = await run("wireguard-endpoint", "--pings", "100");
    expect(lines.slice(1, 5).map((line) => line.replace(/ at .*:\d+ /, " "))).toEqual([
      "laptop is in",
      "phone is in",
      "office is in",
      "a stranger is not answered",
    ]);
    expect(lines.slice(5).map((line) => line.replace(/at .*:\d+/, "elsewhere"))).toEqual([
      "phone is elsewhere now",
      "laptop, 10.77.0.2: 97 packets in, 97 out, 40.0 per mille lost on its way, 96 of 96 pings answered",
      "phone, 10.77.0.3: 101 packets in, 101 out, 0.0 per mille lost on its way, 100 of 100 pings answered",
      "office, 10.77.0.4: 102 packets in, 101 out, 0.0 per mille lost on its way, 100 of 100 pings answered",
      "on the way 10 were repeated and 10 forged: 20 did not open",
      "1 of 1 packets came in another's name and went nowhere",
    ]);
  });
});
