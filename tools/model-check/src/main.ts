import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { selectScenarios } from "./long-form.ts";
import { findScenarioFiles, loadScenarios } from "./scenario-files.ts";
import { runScenario } from "./run-scenario.ts";
import { tableFoot, tableHead, tableRow } from "./table.ts";
import type { TableRow } from "./table.ts";

// npm run model-check -- [--long [--draw COUNT] [--seed N] [--every]] [--package NAME] [--scenario PART_OF_A_NAME]
//   [--touches FILE] [--jobs N]
const { values: options } = parseArgs({
  options: {
    long: { type: "boolean", default: process.env.UDP_RELAY_LONG === "1" },
    /** In the long form: how many of a file's `undrawn` scenarios are explored whole, and which. */
    draw: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    /** All of them. */
    every: { type: "boolean", default: false },
    package: { type: "string" },
    scenario: { type: "string" },
    touches: { type: "string" },
    jobs: { type: "string", default: `${Math.min(2, availableParallelism())}` },
    /** One file, its rows as lines of JSON: how this program runs files side by side. */
    file: { type: "string" },
  },
});

if (options.file === undefined) process.exitCode = await runFiles(findScenarioFiles(options.package));
else await runFile(options.file, (row) => process.stdout.write(`${JSON.stringify(row)}\n`));

async function runFile(path: string, report: (row: TableRow) => void): Promise<void> {
  const file = relative(process.cwd(), path);
  const { long, every, draw, seed } = options;
  const form = { draw: every ? Infinity : Number(draw), seed: Number(seed) };
  for (const scenario of selectScenarios(await loadScenarios(path), long ? form : undefined)) {
    if (options.scenario !== undefined && !scenario.name.includes(options.scenario)) continue;
    if (options.touches !== undefined && !scenario.touches.includes(options.touches)) continue;
    report({ file, ...runScenario(scenario) });
  }
}

/** @returns the exit code: 0 if every file was run whole and every scenario holds */
async function runFiles(paths: readonly string[]): Promise<number> {
  process.stdout.write(`${tableHead()}\n`);
  const rows: TableRow[] = [];
  const broken: string[] = [];
  const queue = [...paths];
  const work = async (): Promise<void> => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      const { found, code } = await runApart(path);
      const file = relative(process.cwd(), path);
      if (found.length > 0) process.stdout.write([file, ...found.map(tableRow), ""].join("\n"));
      rows.push(...found);
      if (code !== 0) broken.push(file);
    }
  };
  await Promise.all(Array.from({ length: Number(options.jobs) }, work));
  process.stdout.write(tableFoot(rows, performance.now()));
  if (rows.length === 0) process.stderr.write("no scenario was found\n");
  for (const file of broken) process.stderr.write(`${file} could not be run to its end\n`);
  return broken.length === 0 && rows.length > 0 && rows.every(({ failure }) => failure === undefined) ? 0 : 1;
}

/** A file in a process of its own. */
async function runApart(path: string): Promise<{ found: TableRow[]; code: number | null }> {
  const args = [
    ...process.execArgv,
    fileURLToPath(import.meta.url),
    ...process.argv.slice(2),
    "--file",
    path,
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const found: TableRow[] = [];
  const code = new Promise<number | null>((resolve) => child.on("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) found.push(JSON.parse(line) as TableRow);
  return { found, code: await code };
}
