import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { LogOutput } from "../src/operations/log-output.ts";
import { programEnvironment } from "./program-environment.ts";
import { until } from "./real-peer.ts";

const canStop = process.platform === "linux" && process.versions.bun === undefined;

describe("LogOutput", () => {
  it.skipIf(!canStop)(
    "to a reader that stands still (Linux, Node: a descriptor that never blocks) loses lines, counts them, and goes on in whole lines",
    async () => {
      const reader = spawn("cat", { stdio: ["pipe", "pipe", "ignore"] });
      let text = "";
      reader.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
      const output = new LogOutput((reader.stdin as unknown as { _handle: { fd: number } })._handle.fd);
      const troubles: string[] = [];
      let lost = 0;
      output.onTrouble = (error) => troubles.push((error as NodeJS.ErrnoException).code ?? "");
      output.onLost = (lines) => (lost += lines);
      const line = (n: number): string => `${n} ${"x".repeat(4_000)}\n`;
      reader.kill("SIGSTOP");
      let written = 0;
      for (; troubles.length === 0; written++) output.write(line(written));
      // No second wait for a reader that is known to stand still: as many again are lost.
      const extra = written;
      for (; written < 2 * extra; written++) output.write(line(written));
      expect(troubles).toEqual(["EAGAIN"]);
      expect(lost).toBe(0);
      reader.kill("SIGCONT");
      await until("a line that is taken", () => {
        output.write(line(written++));
        return lost > 0;
      });
      const closed = once(reader, "close");
      reader.stdin.end();
      await closed;
      // What was cut off is a line of its own; every line that was not lost is there, whole and in its place.
      const lines = text.split("\n").filter((one) => one !== "");
      expect(lines.filter((one) => !/^\d+( x*)?$/.test(one))).toEqual([]);
      const whole = lines.filter((one) => /^\d+ x{4000}$/.test(one)).map((one) => Number.parseInt(one, 10));
      expect(whole).toEqual([...new Set(whole)].sort((a, b) => a - b));
      expect(whole.length).toBeGreaterThanOrEqual(written - lost);
      expect(lost).toBeGreaterThanOrEqual(extra);
    },
  );

  it.skipIf(process.platform !== "linux")(
    "ends no program whose stderr takes nothing (Linux only)",
    async () => {
      const full = openSync("/dev/full", "w");
      const program = fileURLToPath(new URL("../src/cli.ts", import.meta.url));
      const settings = ["--host", "127.0.0.1", "--port", "0", "--dashboard", "off", "--duration", "1"];
      const args = ["--conditions=@udp-relay/source", program, ...settings];
      const child = spawn(process.execPath, args, {
        stdio: ["ignore", "ignore", full],
        env: programEnvironment,
      });
      closeSync(full);
      expect(await once(child, "exit")).toEqual([0, null]);
    },
  );
});
