import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readCommandLine } from "../src/config/config-sources.ts";
import { configOptions, parseConfig, printConfig } from "../src/config/relay-config.ts";

const unit = readFileSync(new URL("../systemd/udp-relay.service", import.meta.url), "utf8");
const settings = new Map(
  unit
    .split("\n")
    .filter((line) => /^\w+=/.test(line))
    .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
);
const folder = mkdtempSync(join(tmpdir(), "udp-relay-unit-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** In PATH, and of a systemd that knows what the unit says. */
const analyze = spawnSync("systemd-analyze", ["--version"]).status === 0;

describe("systemd/udp-relay.service", () => {
  it("starts the relay by a command line that it takes, with the file that --print-config writes", () => {
    const [env, name, ...args] = settings.get("ExecStart")!.split(" ");
    expect([env, name]).toEqual(["/usr/bin/env", "udp-relay"]);
    const file = join(folder, "config.json");
    writeFileSync(file, printConfig(parseConfig({ maxClients: 300 })));
    const line = readCommandLine(
      args.map((arg) => (arg === "/etc/udp-relay/config.json" ? file : arg)),
      {},
    );
    expect(line).toMatchObject({
      file,
      config: { maxClients: 300, dashboard: "off", http: "127.0.0.1:9150", logFile: "" },
    });
  });

  it("gives it no privilege, and no user that outlives it", () => {
    expect(settings.get("DynamicUser")).toBe("yes");
    expect(settings.get("CapabilityBoundingSet")).toBe("");
    // What DynamicUser=yes implies is not loosened: ProtectSystem=strict, PrivateTmp, NoNewPrivileges.
    for (const implied of ["ProtectSystem", "PrivateTmp", "NoNewPrivileges", "AmbientCapabilities"])
      expect([implied, settings.has(implied)]).toEqual([implied, false]);
    expect([settings.has("User"), settings.has("ReadWritePaths")]).toEqual([false, false]);
  });

  it("speaks the relay's signals, waits for the longest drain, and does not repeat a wrong setting", () => {
    expect(settings.get("ExecReload")).toBe("/bin/kill -HUP $MAINPID");
    expect(settings.has("KillSignal")).toBe(false);
    const { allowed } = configOptions.find(({ field }) => field === "drainSeconds")!;
    const [longest] = /\d+$/.exec(allowed)!;
    expect(Number(settings.get("TimeoutStopSec"))).toBeGreaterThan(Number(longest));
    expect(settings.get("RestartPreventExitStatus")).toBe("2");
  });

  it.skipIf(!analyze)(`is what systemd-analyze takes${analyze ? "" : " (not installed here)"}`, () => {
    const path = join(folder, "udp-relay.service");
    writeFileSync(path, unit);
    chmodSync(path, 0o644);
    const { stdout, stderr, status } = spawnSync("systemd-analyze", ["verify", path], { encoding: "utf8" });
    expect([status, `${stdout}${stderr}`.split("\n").filter((line) => line.includes("udp-relay"))]).toEqual([
      0,
      [],
    ]);
  });
});
