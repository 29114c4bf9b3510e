import { execFileSync } from "node:child_process";
import { isQuick, report } from "../measure.ts";
import { loadCase } from "../io/load.ts";
import { relayCommand } from "./our-relay.ts";

// Argument: "budget", or nothing: starts the relay twice and compares its resident set after the same load of datagrams
// from 10 clients and from 10,000.
const BUDGET_MIB = 64;

if (process.argv[2] === "budget") report(BUDGET_MIB);
else {
  const few = residentMiB(10);
  const many = residentMiB(10_000);
  report(many - few, { fewMiB: few, manyMiB: many });
}

function residentMiB(clients: number): number {
  const relay = { name: "udp-relay", file: () => process.execPath, args: relayCommand("$PORT") };
  const load = { packetsPerSecond: 20_000, seconds: 2, burst: 1, warmUpSeconds: 2, tunnel: true };
  const { file, args } = loadCase(relay, { ...load, sources: 8, clients: clients + 1 }).command(isQuick());
  const lines = execFileSync(file, args, { encoding: "utf8" }).trimEnd().split("\n");
  const { residentBytes } = JSON.parse(lines.at(-1)!) as { residentBytes: number };
  return residentBytes / 2 ** 20;
}
