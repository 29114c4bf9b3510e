import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = async (name: string): Promise<string[]> => {
  const program = fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@udp-relay/source", program],
    {
      env: { ...process.env, NODE_OPTIONS: "" },
    },
  );
  return stdout.trimEnd().split("\n");
};

describe("the examples", () => {
  it("balances, and moves the sessions of a backend that goes away", async () => {
    const [shares, down, without, answered] = await run("load-balancer");
    expect(
      shares!
        .replace("shares: ", "")
        .split(", ")
        .map((share) => share.split(" ")[1])
        .sort(),
    ).toEqual(["3", "3", "4"]);
    expect(down).toBe("backend red is down");
    expect(without).toBe("shares without red: red 0, green 5, blue 5");
    expect(answered).toMatch(/^answered: 10 of 10, moved: [34]$/);
  });

  it("measures a call that passes", async () => {
    expect(await run("rtp-proxy")).toEqual([
      "from the caller: 500 packets, 20 lost on the way here",
      "from the server: 480 packets, 0 lost",
      "the caller heard 480 of 480",
    ]);
  });
});
