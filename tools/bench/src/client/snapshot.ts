/** Milliseconds that a snapshot of all clients takes: `CLIENTS`. */
import { performance } from "node:perf_hooks";
import { report } from "../measure.ts";
import { clientsOf, filledTable } from "./clients.ts";

const count = Number(process.argv[2]);
const table = filledTable("ipv4", count, clientsOf("ipv4", count));
const passes: number[] = [];
for (let pass = 0; pass < 60; pass++) {
  const begun = performance.now();
  const snapshots = table.snapshot(1_000 + pass);
  passes.push(performance.now() - begun);
  if (snapshots.length !== count) throw new Error(`${snapshots.length} of ${count} clients`);
}
const settled = passes.slice(20).sort((a, b) => a - b);
report(settled[settled.length >> 1]!, { first: passes[0] });
