import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { report } from "../measure.ts";

// Arguments: LOAD (JSON, load.ts) RELAY ARGUMENTS…, a relay that does more when "full" stands behind: what that adds to
// its user CPU a datagram, in ns. Bare, full, full, bare in one run, so that a machine that slows down slows both.
const [, , ...words] = process.argv;
const drive = fileURLToPath(new URL("./drive.ts", import.meta.url));
const run = promisify(execFile);

interface Driven {
  readonly userNanosPerDatagram: number;
  readonly cpuMicrosPerDatagram: number;
  readonly lossPerMille: number;
}

const runs: { readonly full: boolean; readonly driven: Driven }[] = [];
for (const full of [false, true, true, false]) {
  const args = [...process.execArgv, drive, ...words, ...(full ? ["full"] : [])];
  const { stdout } = await run(process.execPath, args);
  runs.push({ full, driven: JSON.parse(stdout.trim().split("\n").at(-1)!) as Driven });
}
const mean = (full: boolean, of: keyof Driven): number => {
  const values = runs.filter((one) => one.full === full).map(({ driven }) => driven[of]);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
};
report(mean(true, "userNanosPerDatagram") - mean(false, "userNanosPerDatagram"), {
  addedCpuNanos: 1_000 * (mean(true, "cpuMicrosPerDatagram") - mean(false, "cpuMicrosPerDatagram")),
  bareUserNanos: mean(false, "userNanosPerDatagram"),
  fullUserNanos: mean(true, "userNanosPerDatagram"),
  lossPerMille: Math.max(...runs.map(({ driven }) => driven.lossPerMille)),
});
